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

// verdict is what the error of a request says of its batch
// (https://opentelemetry.io/docs/specs/otlp/#failures).
type verdict int

const (
	// unreachable: there is no collector; the batch waits for it as long as there
	// is memory.
	unreachable verdict = iota
	// lost: the connection ended without a word while the request was under way; the
	// collector may have died of it.
	lost
	// unavailable: there is one that cannot work, or not with this batch.
	unavailable
	// tryAgain: the collector did not take it, and may later.
	tryAgain
	// divide: a part of it may fare better.
	divide
	// tooLarge: a part of it that is smaller may fare better.
	tooLarge
	// refused: the collector will not take it.
	refused
)

// judge judges the error of a request. sent is whether there was a connection to
// send it over.
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
		if _, throttled := pauseOf(err); throttled {
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

// Taken reports whether the collector took a request, and gRPC returned an error
// because it could not read the response. header is that of the response: gRPC's own
// errors look like those of a server, but a server that refuses a request sends no
// header before the status.
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

// TooLarge reports whether the collector says that a request has too many bytes, in
// the words of the gRPC libraries. RESOURCE_EXHAUSTED alone does not say so: the
// same code is for quotas.
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

// isLost reports whether the collector went away without a word. gRPC has no type for
// that error. A collector that stops in order says GOAWAY before.
func isLost(err error) bool {
	text := status.Convert(err).Message()
	return strings.Contains(text, "error reading from server") && !strings.Contains(text, "received prior goaway")
}

// longestPause is the longest that a collector may ask for.
const longestPause = 5 * time.Minute

// pauseOf returns how long the collector asks not to be asked again, and whether
// it does.
func pauseOf(err error) (pause time.Duration, throttled bool) {
	for _, detail := range status.Convert(err).Details() {
		if info, is := detail.(*errdetails.RetryInfo); is {
			return min(max(0, info.GetRetryDelay().AsDuration()), longestPause), true
		}
	}
	return 0, false
}
