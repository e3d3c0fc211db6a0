package naislog

import (
	"log/slog"
	"strings"
)

// isServingPanic reports whether message is the text that net/http logs when an HTTP handler
// has panicked:
//
//	http: panic serving 127.0.0.1:1234: boom
//	goroutine 7 [running]:
//	...
func isServingPanic(message string) bool {
	return strings.HasPrefix(message, "http: panic serving ") || strings.HasPrefix(message, "http2: panic serving ")
}

// splitServingPanic splits the text that isServingPanic recognizes. The new message is the
// same for all panics, so that they are grouped as one issue. The attribute error has the
// value of the panic. The address of the client is removed. The new level is at least ERROR,
// even if the logger of net/http has a lower level.
func splitServingPanic(r slog.Record) slog.Record {
	prefix, rest, _ := strings.Cut(r.Message, " serving ")
	what, stack, _ := strings.Cut(rest, "\ngoroutine ")
	if _, value, found := strings.Cut(what, ": "); found {
		what = value
	}
	split := slog.NewRecord(r.Time, max(r.Level, slog.LevelError), prefix+" serving", r.PC)
	r.Attrs(func(a slog.Attr) bool {
		split.AddAttrs(a)
		return true
	})
	split.AddAttrs(slog.String("error", what))
	if stack != "" {
		split.AddAttrs(slog.String(stackKey, "goroutine "+stack))
	}
	return split
}
