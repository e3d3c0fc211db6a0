package pipeline

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// verdict is what to do with a batch after its request has failed with an error
// (https://opentelemetry.io/docs/specs/otlp/#failures).
type verdict int

const (
	// unreachable: the collector cannot be reached. The batch waits until the collector can
	// be reached again, as long as there is enough memory.
	unreachable verdict = iota
	// lost: the connection broke during the request. The collector may have crashed because
	// of the request.
	lost
	// unavailable: the collector cannot accept any batch now, or it accepts other batches
	// but not this batch.
	unavailable
	// late: the first request for the batch timed out. The collector may then hang, or the
	// connection may be broken, or the collector needs more time. If the collector has
	// answered no request in that time, the verdict is unreachable.
	late
	// tryAgain: the collector did not accept the batch, but may accept it later.
	tryAgain
	// divide: the collector may accept parts of the batch.
	divide
	// tooLarge: the collector may accept smaller parts of the batch.
	tooLarge
	// refused: the collector will never accept the batch.
	refused
)

// judge returns the verdict for the error of a request. sent is true if there was a
// connection over which the request could be sent.
func judge(err error, sent bool) verdict {
	if !sent {
		return unreachable
	}
	switch status.Code(err) {
	case codes.Unavailable:
		if isLost(err) {
			return lost
		}
		return unavailable
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.DataLoss:
		return tryAgain
	case codes.ResourceExhausted:
		if IsThrottled(err) {
			return tryAgain
		}
		if TooLarge(err) {
			return tooLarge
		}
	case codes.InvalidArgument:
		return divide
	}
	return refused
}

// Taken reports whether the collector accepted a request although gRPC returned err. This
// happens if gRPC cannot read the response. header is the header of the response. Without
// the header, errors of gRPC's client cannot be distinguished from errors of the server. A
// server that refuses a request sends no header before the status.
func Taken(err error, header metadata.MD) bool {
	if header == nil {
		return false
	}
	switch status.Code(err) {
	case codes.Internal, codes.ResourceExhausted:
		return strings.HasPrefix(status.Convert(err).Message(), "grpc: ")
	}
	return false
}

// TooLarge reports whether err means that a request has too many bytes. The code
// RESOURCE_EXHAUSTED is not enough for this, because it is also used for quotas. Therefore,
// TooLarge compares the message of err with the messages of the gRPC libraries.
func TooLarge(err error) bool {
	text := strings.ToLower(status.Convert(err).Message())
	return status.Code(err) == codes.ResourceExhausted && slices.ContainsFunc([]string{
		"message larger than max",        // Go, C++, JavaScript
		"decompression larger than max",  // Go
		"message exceeds maximum size",   // Java
		"exceeds the maximum configured", // .NET
		"message length too large",       // Rust
		"message too large",
		"request too large",
	}, func(words string) bool { return strings.Contains(text, words) })
}

// isLost reports whether the connection broke without an announcement. gRPC has no separate
// code for this error, so isLost reads the message. A collector that stops normally first
// announces this with GOAWAY.
func isLost(err error) bool {
	text := status.Convert(err).Message()
	return strings.Contains(text, "error reading from server") && !strings.Contains(text, "received prior goaway")
}

// longestPause is the longest pause that a collector may request.
const longestPause = 5 * time.Minute

// IsThrottled reports whether the collector requests a pause in err. Such a collector is busy. The
// content of the request is not the problem.
func IsThrottled(err error) bool {
	_, throttled := pauseOf(err)
	return throttled
}

// pauseOf returns the pause that the collector requests in err. throttled is true if the
// collector requests a pause.
func pauseOf(err error) (pause time.Duration, throttled bool) {
	for _, detail := range status.Convert(err).Details() {
		if info, is := detail.(*errdetails.RetryInfo); is {
			return min(max(0, info.GetRetryDelay().AsDuration()), longestPause), true
		}
	}
	return 0, false
}
