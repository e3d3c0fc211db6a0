// Package sporlog makes the handlers of the tests of log handlers.
package sporlog

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"regexp"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/setup"
)

// Handler takes the place of slog.NewJSONHandler. With the word "msg" the message gets the
// name that package slog gives it, because most lines would differ otherwise. With the word
// "span" each record is logged in a span, and the IDs of the span are removed from the lines.
func Handler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	if !probe.On() {
		return slog.NewJSONHandler(w, opts)
	}
	if probe.Has("span") {
		return inSpan{setup.LogHandler(lines{w, withoutSpan}, opts)}
	}
	if probe.Has("msg") {
		return setup.LogHandler(lines{w, withMsg}, opts)
	}
	return setup.LogHandler(w, opts)
}

// inSpan handles records in the context of a span.
type inSpan struct{ slog.Handler }

var spanContext = trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
	TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
}))

func (h inSpan) Handle(_ context.Context, r slog.Record) error {
	return h.Handler.Handle(spanContext, r)
}

func (h inSpan) WithAttrs(attrs []slog.Attr) slog.Handler { return inSpan{h.Handler.WithAttrs(attrs)} }
func (h inSpan) WithGroup(name string) slog.Handler       { return inSpan{h.Handler.WithGroup(name)} }

// lines changes each line before it is written.
type lines struct {
	io.Writer

	change func([]byte) []byte
}

// Write writes one line.
func (l lines) Write(line []byte) (int, error) {
	if _, err := l.Writer.Write(l.change(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

func withMsg(line []byte) []byte {
	return bytes.Replace(line, []byte(`"message":`), []byte(`"msg":`), 1)
}

const ids = `(?i:"trace_id"):"[0-9a-f]{32}",(?i:"span_id"):"[0-9a-f]{16}"`

var (
	idsAfter  = regexp.MustCompile(`,` + ids)
	idsBefore = regexp.MustCompile(ids + `,?`)
)

func withoutSpan(line []byte) []byte {
	return idsBefore.ReplaceAll(idsAfter.ReplaceAll(withMsg(line), nil), nil)
}
