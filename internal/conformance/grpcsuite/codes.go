package grpcsuite

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/conformance"
)

// statusCodes contains the name of each status code. The index is the number of the code.
// serverError is true if the code is an error of the server, according to
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/.
var statusCodes = []struct {
	name        string
	serverError bool
}{
	{"OK", false},
	{"CANCELLED", false},
	{"UNKNOWN", true},
	{"INVALID_ARGUMENT", false},
	{"DEADLINE_EXCEEDED", true},
	{"NOT_FOUND", false},
	{"ALREADY_EXISTS", false},
	{"PERMISSION_DENIED", false},
	{"RESOURCE_EXHAUSTED", false},
	{"FAILED_PRECONDITION", false},
	{"ABORTED", false},
	{"OUT_OF_RANGE", false},
	{"UNIMPLEMENTED", true},
	{"INTERNAL", true},
	{"UNAVAILABLE", true},
	{"DATA_LOSS", true},
	{"UNAUTHENTICATED", false},
	{"CODE(17)", false}, // gRPC does not define this code
}

func testStatusCodes(t *testing.T, s *site) {
	eachCode(t, s, unaryMethod, func(s *site) error { return s.unary(conformance.Within(t)) })
}

func testStreamStatusCodes(t *testing.T, s *site) {
	eachCode(t, s, duplexMethod, func(s *site) error {
		stream := s.open(t, conformance.Within(t))
		stream.CloseSend()
		return drain(stream)
	})
}

// eachCode calls a method once for each status code. The handler returns a status with this code.
func eachCode(t *testing.T, s *site, method string, call func(*site) error) {
	t.Helper()
	for number, code := range statusCodes {
		t.Run(code.name, func(t *testing.T) {
			s.service.do = func(context.Context) error { return status.Error(codes.Code(number), "on purpose") }
			s.start(t, setting{})
			if got := status.Code(call(s)); got != codes.Code(number) {
				t.Errorf("the caller got %v", got)
			}
			s.check(t, codeSeen(method, code.name, code.serverError), codeSeen(method, code.name, number != 0))
			s.checkNothingLost(t)
		})
	}
}

func codeSeen(method, code string, isError bool) seen {
	if isError {
		return failed(method, code)
	}
	return seen{method: method, code: code}
}

// testPlainError checks a handler that returns an error without a status. The text of the error
// contains data that must not be recorded.
func testPlainError(t *testing.T, s *site) {
	plain := errors.New("no person 01017012345 at https://api/?token=secret\xff")
	s.service.do = func(context.Context) error { return plain }
	s.start(t, setting{})
	if got := status.Convert(s.unary(conformance.Within(t))).Message(); !strings.Contains(got, "01017012345") {
		t.Errorf("the caller got %q", got)
	}
	server, client := s.check(t, failed(unaryMethod, "UNKNOWN"), failed(unaryMethod, "UNKNOWN"))
	for _, got := range []string{server.Status().Description, client.Status().Description} {
		if !strings.HasPrefix(got, "no person ***") || strings.Contains(got, "secret") || !utf8.ValidString(got) {
			t.Errorf("description %q", got)
		}
	}
}

func testExpectedCodes(t *testing.T, s *site) {
	s.service.do = func(context.Context) error { return status.Error(codes.Unavailable, "closed on Sundays") }
	expected := []grpctrace.Option{grpctrace.WithExpectedCodes(codes.NotFound, codes.Unavailable)}
	s.start(t, setting{server: expected, client: expected})
	if got := status.Code(s.unary(conformance.Within(t))); got != codes.Unavailable {
		t.Errorf("the caller got %v", got)
	}
	want := seen{method: unaryMethod, code: "UNAVAILABLE"}
	s.check(t, want, want)
}
