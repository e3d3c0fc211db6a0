package errinfo

import (
	"fmt"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/privacy"
)

// Record adds an exception event to span. The event describes a panic, and v is the value
// of the panic. Record returns the type of v. Record must be called while the stack still
// contains the frames that caused the panic.
func Record(span trace.Span, v any) (kind string) {
	kind = fmt.Sprintf("%T", v)
	if span.IsRecording() {
		span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
			semconv.ExceptionType(kind),
			semconv.ExceptionMessage(Text(fmt.Sprint(v))),
			semconv.ExceptionStacktrace(string(debug.Stack())),
		))
	}
	return kind
}

// RecordError adds an exception event to span. The event describes err, which must not be nil.
func RecordError(span trace.Span, err error) {
	f := Describe(err)
	attrs := []attribute.KeyValue{semconv.ExceptionType(f.Type), semconv.ExceptionMessage(Text(f.Message))}
	if f.Stack != "" {
		attrs = append(attrs, semconv.ExceptionStacktrace(f.Stack))
	}
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(attrs...))
}

// longest is the maximum length of a recorded text, in bytes.
const longest = 1024

// Text returns s, a message of unknown origin, as valid UTF-8 of at most 1,024 bytes.
// Personal numbers are masked, and credentials are redacted.
func Text(s string) string {
	return Cut(privacy.Text(s))
}

// Cut returns s as valid UTF-8 of at most about 1,024 bytes. A text that must be cut is masked
// and redacted first, because a part of a personal number cannot be recognized later.
func Cut(s string) string {
	if len(s) > longest {
		s = strings.TrimRightFunc(privacy.CutBytes(s, longest), func(r rune) bool { return r == utf8.RuneError })
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// ContinueNilPanic continues a panic that recover has ended without a value. This is
// panic(nil) in a program whose GODEBUG has panicnil=1. A deferred function cannot distinguish such a
// panic from [runtime.Goexit], because recover returns nil for both. But after Goexit, the
// caller of the function that deferred is not reached.
func ContinueNilPanic() {
	panic(nil) //nolint:forbidigo // continues the program's own panic
}
