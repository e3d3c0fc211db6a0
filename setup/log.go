package setup

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/suppress"
)

// LogHandler returns a handler that writes one JSON object a line to w, in the
// shape that NAIS reads: time, level (TRACE, DEBUG, INFO, WARN or ERROR and
// nothing between), message, for a record whose context has a span trace_id and
// span_id, and for one with an error error.type, and stack_trace if the error
// carries a stack. These stand at the top level under any WithGroup; an attribute
// of the program that would take the name of one of them is written as
// fields.NAME, but for stack_trace and error.type, which the program may give
// itself.
//
// The error is the first attribute that is one; its type is that of what was
// wrapped with fmt.Errorf or errors.Join. A record at ERROR that is logged while
// a panic unwinds, as by the function that recovers it, has the stack of the
// panic. The lines that net/http logs of a panicking handler are taken apart into
// message, error and stack_trace; give http.Server no ErrorLog, or one made by
// [slog.NewLogLogger].
//
// Durations are text ("1.5s"), and bytes that are valid UTF-8 are. Personal numbers
// and credentials are masked, in whatever attribute or message they stand. Records with the mark of [TeamLogs]
// go to Team Logs instead of w. With OTEL_LOGS_EXPORTER=otlp the other records
// are exported too, while telemetry runs.
//
// opts are those of [slog.NewJSONHandler]; nil means its defaults. The handler is
// safe for concurrent use, as are its copies, and calls w.Write once a record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	opts = markedOptions(opts)
	return &logHandler{
		json:   slog.NewJSONHandler(&lineWriter{w: w}, opts),
		opts:   opts,
		export: &bridge{},
	}
}

// logHandler leaves the encoding to slog's own handler, and has the line that
// this one writes put into shape on its way out.
type logHandler struct {
	json    slog.Handler
	opts    *slog.HandlerOptions
	grouped bool // attributes are not at the top level any more
	own     ownFields
	fault   errinfo.Info // of an attribute given to With
	team    bool         // such an attribute is the mark of Team Logs

	// What made this handler of another, for handlers that are made later.
	parent *logHandler
	attrs  []slog.Attr
	group  string
	export *bridge
}

// ownFields are those of the line that the program gives itself.
type ownFields struct{ trace, errorType, stack bool }

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	if isServingPanic(r.Message) {
		r = splitServingPanic(r)
	}
	span := h.spanOf(ctx)
	found := h.survey(r, span.IsValid())
	if found.unfit {
		r = h.rewrite(r, span.IsValid())
		found = found.and(h.survey(r, span.IsValid()))
	}
	wrong := h.faultOf(r, found)
	if h.team || found.team {
		return h.toTeam(r, span, wrong)
	}
	h.export.record(ctx, h, r, span.IsValid(), wrong)
	r.Message = mark(r.Message, span, wrong)
	return h.json.Handle(ctx, r)
}

// spanOf returns the span that ctx has, but for the silent one, which is nobody's.
func (h *logHandler) spanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if h.own.trace || !span.IsSampled() && suppress.Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := h.copy()
	h2.own.trace = h.own.trace || !h.grouped && hasKey(attrs, traceKey)
	found := newSurvey(h.grouped, !h2.own.trace)
	found.lookAtAll(attrs)
	attrs = h.fit(attrs, !h2.own.trace)
	found.lookAtAll(attrs) // what was resolved, too
	h2.own.errorType = h.own.errorType || found.own.errorType
	h2.own.stack = h.own.stack || found.own.stack
	h2.team = h.team || found.team
	h2.fault = h.fault.Or(found.fault())
	h2.attrs = attrs
	h2.json = h.json.WithAttrs(attrs)
	return h2
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := h.copy()
	h2.group, h2.grouped = name, true
	h2.json = h.json.WithGroup(name)
	return h2
}

// copy returns a handler made of h, which differs in nothing yet.
func (h *logHandler) copy() *logHandler {
	h2 := *h
	h2.parent, h2.attrs, h2.group, h2.export = h, nil, "", &bridge{}
	return &h2
}

// remake does to handler what made h of the handler that LogHandler returned.
func (h *logHandler) remake(handler slog.Handler) slog.Handler {
	switch {
	case h.parent == nil:
		return handler
	case h.group != "":
		return h.parent.remake(handler).WithGroup(h.group)
	default:
		return h.parent.remake(handler).WithAttrs(slices.Clone(h.attrs))
	}
}
