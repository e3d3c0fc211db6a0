package naislog

import (
	"log/slog"
	"strings"
)

// isServingPanic reports whether message is the line that net/http logs of a
// handler that panicked:
//
//	http: panic serving 127.0.0.1:1234: boom
//	goroutine 7 [running]:
//	...
func isServingPanic(message string) bool {
	return strings.HasPrefix(message, "http: panic serving ") || strings.HasPrefix(message, "http2: panic serving ")
}

// splitServingPanic takes that line apart: the message is the same for all of
// them, so that they are one issue, the error is what the handler panicked with,
// and the address of the client is left out. It is an error, whatever level
// net/http's logger has.
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
