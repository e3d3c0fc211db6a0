package setup

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// LogHandler returns a handler that writes one JSON object a line to w, in the
// shape that NAIS reads: time, level (TRACE, DEBUG, INFO, WARN or ERROR and
// nothing between), message, and for a record whose context has a span trace_id
// and span_id. These stand at the top level under any WithGroup; an attribute of
// the program that would take the name of one of them is written as fields.NAME.
//
// opts are those of [slog.NewJSONHandler]; nil means its defaults. The handler is
// safe for concurrent use, as are its copies, and calls w.Write once a record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	lines := &lineWriter{w: w}
	return &logHandler{lines: lines, json: slog.NewJSONHandler(lines, opts)}
}

// logHandler leaves the encoding to slog's own handler, and has the line that
// this one writes put into shape on its way out.
type logHandler struct {
	lines    *lineWriter
	json     slog.Handler
	grouped  bool // attributes are not at the top level any more
	hasTrace bool // the program gave trace_id itself
}

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	span := trace.SpanContextFromContext(ctx)
	if h.hasTrace {
		span = trace.SpanContext{}
	}
	if !h.grouped && hasReserved(r, span.IsValid()) {
		r = renameReserved(r, span.IsValid())
	}
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.lines.level, h.lines.span = r.Level, span
	return h.json.Handle(ctx, r)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := *h
	if !h.grouped {
		attrs = slices.Clone(attrs)
		for i := range attrs {
			h2.hasTrace = h2.hasTrace || attrs[i].Key == traceKey
			attrs[i].Key = freeKey(attrs[i].Key, false)
		}
	}
	h2.json = h.json.WithAttrs(attrs)
	return &h2
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := *h
	h2.json, h2.grouped = h.json.WithGroup(name), true
	return &h2
}

const (
	messageKey = "message"
	traceKey   = "trace_id"
	spanKey    = "span_id"
)

// freeKey returns key, or another where the line has that one already.
func freeKey(key string, hasSpan bool) string {
	switch key {
	case slog.TimeKey, slog.LevelKey, slog.MessageKey, messageKey:
	case traceKey, spanKey:
		if !hasSpan {
			return key
		}
	default:
		return key
	}
	return "fields." + key
}

func hasReserved(r slog.Record, hasSpan bool) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = freeKey(a.Key, hasSpan) != a.Key
		return !found
	})
	return found
}

func renameReserved(r slog.Record, hasSpan bool) slog.Record {
	renamed := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		a.Key = freeKey(a.Key, hasSpan)
		renamed.AddAttrs(a)
		return true
	})
	return renamed
}
