package grpctrace

import (
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type outcome struct {
	code      string // the name of the status code, or "" if there was no status
	errorType string // "" if there was no error
	failed    bool
	message   string // the description of the error, if failed is true
}

// statusOf returns the status of err. For context.Canceled and context.DeadlineExceeded, it
// returns a status with the code Canceled or DeadlineExceeded.
func statusOf(err error) *status.Status {
	if s, ok := status.FromError(err); ok {
		return s
	}
	return status.FromContextError(err)
}

// newOutcome returns the outcome of a call that ended with the status s. The call failed if
// isError returns true for the code of s and the code is not in expected.
func newOutcome(s *status.Status, expected map[codes.Code]bool, isError func(codes.Code) bool) outcome {
	code := s.Code()
	o := outcome{code: codeName(code)}
	if isError(code) && !expected[code] {
		o.failed, o.errorType, o.message = true, o.code, s.Message()
	}
	return o
}

// serverError reports whether a server span with this code is an error, according to
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#server.
func serverError(code codes.Code) bool {
	switch code { //nolint:exhaustive // the other codes are not errors of the server
	case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		return true
	default:
		return false
	}
}

// clientError reports whether a client span with this code is an error, according to
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#client.
func clientError(code codes.Code) bool { return code != codes.OK }

var codeNames = [...]string{
	codes.OK:                 "OK",
	codes.Canceled:           "CANCELLED",
	codes.Unknown:            "UNKNOWN",
	codes.InvalidArgument:    "INVALID_ARGUMENT",
	codes.DeadlineExceeded:   "DEADLINE_EXCEEDED",
	codes.NotFound:           "NOT_FOUND",
	codes.AlreadyExists:      "ALREADY_EXISTS",
	codes.PermissionDenied:   "PERMISSION_DENIED",
	codes.ResourceExhausted:  "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION",
	codes.Aborted:            "ABORTED",
	codes.OutOfRange:         "OUT_OF_RANGE",
	codes.Unimplemented:      "UNIMPLEMENTED",
	codes.Internal:           "INTERNAL",
	codes.Unavailable:        "UNAVAILABLE",
	codes.DataLoss:           "DATA_LOSS",
	codes.Unauthenticated:    "UNAUTHENTICATED",
}

// codeName returns the name that gRPC's specification uses for code. See
// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md.
func codeName(code codes.Code) string {
	if int(code) < len(codeNames) {
		return codeNames[code]
	}
	return "CODE(" + strconv.FormatUint(uint64(code), 10) + ")"
}
