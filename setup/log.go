package setup

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/mute"
)

// LogHandler returns a handler that writes one JSON object a line to w, in the
// shape that NAIS reads: time, level (TRACE, DEBUG, INFO, WARN or ERROR and
// nothing between), message, and for a record whose context has a span trace_id
// and span_id. These stand at the top level under any WithGroup; an attribute of
// the program that would take the name of one of them is written as fields.NAME.
// Durations are text ("1.5s"). Personal numbers and credentials are masked, in
// whatever attribute or message they stand.
//
// opts are those of [slog.NewJSONHandler]; nil means its defaults. The handler is
// safe for concurrent use, as are its copies, and calls w.Write once a record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return &logHandler{json: slog.NewJSONHandler(&lineWriter{w: w}, markedOptions(opts))}
}

// logHandler leaves the encoding to slog's own handler, and has the line that
// this one writes put into shape on its way out.
type logHandler struct {
	json     slog.Handler
	grouped  bool // attributes are not at the top level any more
	hasTrace bool // the program gave trace_id itself
}

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	span := h.spanOf(ctx)
	if h.mustRewrite(r, span.IsValid()) {
		r = h.rewrite(r, span.IsValid())
	}
	if span.IsValid() {
		r.Message = mark(r.Message, span)
	}
	return h.json.Handle(ctx, r)
}

// spanOf returns the span that ctx has, but for the silent one, which is nobody's.
func (h *logHandler) spanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if h.hasTrace || !span.IsSampled() && mute.Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := *h
	attrs = slices.Clone(attrs)
	h2.hasTrace = h.hasTrace || !h.grouped && hasKey(attrs, traceKey)
	for i := range attrs {
		attrs[i] = h.attr(attrs[i], !h2.hasTrace)
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

// hasKey reports whether key is among attrs at the top level.
func hasKey(attrs []slog.Attr, key string) bool {
	return slices.ContainsFunc(attrs, func(a slog.Attr) bool {
		return a.Key == key || isInline(a) && hasKey(a.Value.Resolve().Group(), key)
	})
}

// isInline reports whether a is a group without a name, whose members slog
// writes in its place.
func isInline(a slog.Attr) bool { return a.Key == "" && a.Value.Resolve().Kind() == slog.KindGroup }

// mustRewrite reports whether an attribute of r cannot stay as it is.
func (h *logHandler) mustRewrite(r slog.Record, hasSpan bool) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = !h.grouped && (a.Key == "" || freeKey(a.Key, hasSpan) != a.Key) || hasDuration(a.Value)
		return !found
	})
	return found
}

func (h *logHandler) rewrite(r slog.Record, hasSpan bool) slog.Record {
	rewritten := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		rewritten.AddAttrs(h.attr(a, hasSpan))
		return true
	})
	return rewritten
}

func (h *logHandler) attr(a slog.Attr, hasSpan bool) slog.Attr {
	a.Value = durationsAsText(a.Value)
	switch {
	case h.grouped:
	case isInline(a):
		members := slices.Clone(a.Value.Group())
		for i := range members {
			members[i] = h.attr(members[i], hasSpan)
		}
		a.Value = slog.GroupValue(members...)
	default:
		a.Key = freeKey(a.Key, hasSpan)
	}
	return a
}

// hasDuration reports whether v is a duration or may hold one. slog writes it as
// nanoseconds, and the eleven digits of half a minute may be a personal number.
func hasDuration(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindDuration, slog.KindLogValuer:
		return true
	case slog.KindGroup:
		return slices.ContainsFunc(v.Group(), func(a slog.Attr) bool { return hasDuration(a.Value) })
	}
	return false
}

func durationsAsText(v slog.Value) slog.Value {
	v = v.Resolve()
	if !hasDuration(v) {
		return v
	}
	if v.Kind() == slog.KindDuration {
		return slog.StringValue(v.Duration().String())
	}
	attrs := slices.Clone(v.Group())
	for i := range attrs {
		attrs[i].Value = durationsAsText(attrs[i].Value)
	}
	return slog.GroupValue(attrs...)
}
