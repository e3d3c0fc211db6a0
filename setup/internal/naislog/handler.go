// Package naislog writes log records in the shape that NAIS reads, sends marked records
// to Team Logs, and exports the others over OTLP.
package naislog

import (
	"context"
	"io"
	"log/slog"
	"slices"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/suppress"
)

// Outputs are where records go besides the log itself. A handler asks for each record,
// because programs make handlers before telemetry starts. The methods are safe for
// concurrent use.
type Outputs interface {
	// Team returns the queue of records with the mark, which is never nil.
	Team() *Team
	// Provider returns the provider that exports the other records, or nil if none does.
	Provider() *sdklog.LoggerProvider
}

// NewHandler returns the handler that setup.LogHandler describes.
func NewHandler(w io.Writer, opts *slog.HandlerOptions, outputs Outputs) slog.Handler {
	opts = markedOptions(opts)
	return &handler{
		json:    slog.NewJSONHandler(&lineWriter{w: w}, opts),
		opts:    opts,
		outputs: outputs,
		export:  &bridge{},
	}
}

// handler leaves the encoding to slog's own handler, and has the line that
// this one writes put into shape on its way out.
type handler struct {
	json    slog.Handler
	opts    *slog.HandlerOptions
	outputs Outputs
	grouped bool // attributes are not at the top level any more
	own     ownFields
	err     errinfo.Info // of an attribute given to With
	team    bool         // such an attribute is the mark of Team Logs

	// What made this handler of another, for handlers that are made later.
	parent *handler
	attrs  []slog.Attr
	group  string
	export *bridge
}

// ownFields are those of the line that the program gives itself.
type ownFields struct{ trace, errorType, stack bool }

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if isServingPanic(r.Message) {
		r = splitServingPanic(r)
	}
	span := h.spanOf(ctx)
	found := h.scan(r, span.IsValid())
	if found.unfit {
		r = h.rewrite(r, span.IsValid())
		found = found.and(h.scan(r, span.IsValid()))
	}
	info := h.errorOf(r, found)
	if h.team || found.team {
		return h.toTeam(r, span, info)
	}
	if provider := h.outputs.Provider(); provider != nil {
		h.export.record(ctx, h, provider, r, span.IsValid(), info)
	}
	r.Message = mark(r.Message, span, info)
	return h.json.Handle(ctx, r)
}

// spanOf returns the span that ctx has, but for the silent one, which is nobody's.
func (h *handler) spanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if h.own.trace || !span.IsSampled() && suppress.Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

// scan scans the attributes of r.
func (h *handler) scan(r slog.Record, hasSpan bool) scan {
	s := scan{grouped: h.grouped, hasSpan: hasSpan}
	r.Attrs(func(a slog.Attr) bool {
		s.look(a, true)
		return true
	})
	return s
}

// errorOf returns what the line of r must say of an error, less what the program says
// itself.
func (h *handler) errorOf(r slog.Record, found scan) errinfo.Info {
	info := found.info().Or(h.err)
	if r.Level >= slog.LevelError && info.Stack == "" && !found.own.stack && !h.own.stack {
		info.Stack = errinfo.PanicStack()
	}
	if found.own.stack || h.own.stack {
		info.Stack = ""
	}
	if found.own.errorType || h.own.errorType {
		info.Type = ""
	}
	return info
}

// toTeam writes a marked record, by a handler of its own: no ReplaceAttr of the
// program's can turn it round.
func (h *handler) toTeam(r slog.Record, span trace.SpanContext, info errinfo.Info) error {
	r.Message = mark(r.Message, span, info)
	marked := h.remake(slog.NewJSONHandler(h.outputs.Team(), h.opts))
	return marked.Handle(context.Background(), r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := h.copy()
	h2.own.trace = h.own.trace || !h.grouped && hasKey(attrs, traceKey)
	found := scan{grouped: h.grouped, hasSpan: !h2.own.trace}
	found.lookAtAll(attrs)
	attrs = h.fit(attrs, !h2.own.trace)
	found.lookAtAll(attrs) // what was resolved, too
	h2.own.errorType = h.own.errorType || found.own.errorType
	h2.own.stack = h.own.stack || found.own.stack
	h2.team = h.team || found.team
	h2.err = h.err.Or(found.info())
	h2.attrs = attrs
	h2.json = h.json.WithAttrs(attrs)
	return h2
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := h.copy()
	h2.group, h2.grouped = name, true
	h2.json = h.json.WithGroup(name)
	return h2
}

// copy returns a handler made of h, which differs in nothing yet.
func (h *handler) copy() *handler {
	h2 := *h
	h2.parent, h2.attrs, h2.group, h2.export = h, nil, "", &bridge{}
	return &h2
}

// remake does to root what made h of the handler that NewHandler returned.
func (h *handler) remake(root slog.Handler) slog.Handler {
	switch {
	case h.parent == nil:
		return root
	case h.group != "":
		return h.parent.remake(root).WithGroup(h.group)
	default:
		return h.parent.remake(root).WithAttrs(slices.Clone(h.attrs))
	}
}
