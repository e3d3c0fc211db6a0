// Package naislog writes log records in the format that NAIS reads. Records with the Team
// Logs marker are sent to Team Logs. All other records can also be exported over OTLP.
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

// Outputs returns the destinations that records have in addition to the log itself. A
// handler calls the methods again for each record, because programs make handlers before
// telemetry starts. The methods are safe for concurrent use.
type Outputs interface {
	// Team returns the queue for records with the Team Logs marker. It is never nil.
	Team() *Team
	// Provider returns the provider that exports all other records, or nil if they are not
	// exported.
	Provider() *sdklog.LoggerProvider
}

// NewHandler returns the handler that setup.LogHandler documents.
func NewHandler(w io.Writer, opts *slog.HandlerOptions, outputs Outputs) slog.Handler {
	opts = markedOptions(opts)
	return &handler{
		json:    slog.NewJSONHandler(&lineWriter{w: w}, opts),
		opts:    opts,
		outputs: outputs,
		export:  &bridge{},
	}
}

// handler uses slog's own JSON handler to encode records. A lineWriter then changes each
// encoded line to the format of NAIS.
type handler struct {
	json    slog.Handler
	opts    *slog.HandlerOptions
	outputs Outputs
	grouped bool // new attributes are added to a group, not at the top level
	own     ownFields
	err     errinfo.Info // the error that was added with WithAttrs
	team    bool         // the Team Logs marker was added with WithAttrs

	// This handler was made by a call of WithAttrs or WithGroup on parent. The fields
	// attrs and group have the arguments of that call. The method remake repeats the
	// call.
	parent *handler
	attrs  []slog.Attr
	group  string
	export *bridge
}

// ownFields records which fields of the line the program sets itself.
type ownFields struct{ trace, errorType, stack bool }

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if ctx == nil { // the handlers of slog accept it, too
		ctx = context.Background()
	}
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

// spanOf returns the span in ctx. The result is empty if the program sets trace_id itself. It
// is also empty if telemetry is suppressed and the span is not sampled.
func (h *handler) spanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if h.own.trace || !span.IsSampled() && suppress.Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

func (h *handler) scan(r slog.Record, hasSpan bool) scan {
	s := scan{grouped: h.grouped, hasSpan: hasSpan}
	r.Attrs(func(a slog.Attr) bool {
		s.look(a, true)
		return true
	})
	return s
}

// errorOf returns the error fields for the line of r. If the program sets such a field
// itself, the result does not have the field.
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

// toTeam writes a record with the Team Logs marker. It makes a new handler that can write
// only to Team Logs. Therefore the program's ReplaceAttr cannot change the destination.
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
	found.lookAtAll(attrs) // scan again, because fit has resolved values
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

// copy returns a handler whose parent is h. The caller adds attributes or a group.
func (h *handler) copy() *handler {
	h2 := *h
	h2.parent, h2.attrs, h2.group, h2.export = h, nil, "", &bridge{}
	return &h2
}

// remake makes a handler from root. For this, it repeats all calls of WithAttrs and
// WithGroup that made h.
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
