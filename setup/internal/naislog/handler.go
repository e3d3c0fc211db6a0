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
	"github.com/nais/spor/internal/privacy"
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
	// Names returns the names of credentials. It is never nil.
	Names() *privacy.Names
}

// NewHandler returns the handler that setup.LogHandler documents.
func NewHandler(w io.Writer, opts *slog.HandlerOptions, outputs Outputs) slog.Handler {
	if opts == nil {
		opts = &slog.HandlerOptions{}
	}
	return &handler{out: &output{w: w}, opts: *opts, outputs: outputs, export: &bridge{}}
}

type handler struct {
	out     *output
	opts    slog.HandlerOptions
	outputs Outputs
	team    *Team // not nil if the handler writes to Team Logs; then nothing is masked

	// The start of the attributes in every line, with all calls of WithAttrs. The groups of
	// WithGroup are opened when their first attribute is written. The first groups, as many
	// as the field open states, are already open at the end of prefix.
	prefix []byte
	groups []string
	open   int
	marks  marks        // of the attributes of WithAttrs
	info   errinfo.Info // about the first error of these attributes

	// This handler was made by a call of WithAttrs or WithGroup on parent. The fields
	// attrs and group have the arguments of that call. The method remake repeats the
	// call.
	parent *handler
	attrs  []slog.Attr
	group  string
	export *bridge
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	lowest := slog.LevelInfo
	if h.opts.Level != nil {
		lowest = h.opts.Level.Level()
	}
	return level >= lowest
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if ctx == nil { // the handlers of slog accept it, too
		ctx = context.Background()
	}
	if isServingPanic(r.Message) {
		r = splitServingPanic(r)
	}
	span := h.spanOf(ctx)
	l := h.out.line(h, span.IsValid())
	defer h.out.free(l)
	l.begin(r, span)
	l.attributes(r)
	info := l.end(r.Level)
	switch {
	case h.team != nil:
	case l.marks.team:
		return h.toTeam(ctx, r)
	default:
		if provider := h.outputs.Provider(); provider != nil {
			h.export.record(ctx, h, provider, r, span.IsValid(), info)
		}
	}
	return h.out.write(l.buf)
}

// spanOf returns the span in ctx. The result is empty if the program sets trace_id itself. It
// is also empty if telemetry is suppressed and the span is not sampled.
func (h *handler) spanOf(ctx context.Context) trace.SpanContext {
	span := trace.SpanContextFromContext(ctx)
	if h.marks.ownTrace || !span.IsSampled() && suppress.Is(ctx) {
		return trace.SpanContext{}
	}
	return span
}

// toTeam writes a record with the Team Logs marker. It makes a new handler that can write
// only to Team Logs. Therefore the program's ReplaceAttr cannot change the destination.
func (h *handler) toTeam(ctx context.Context, r slog.Record) error {
	team := h.outputs.Team()
	marked := h.remake(&handler{out: &output{w: team}, opts: h.opts, outputs: h.outputs, team: team})
	return marked.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := h.copy()
	h2.attrs = resolvedAll(attrs)
	h2.marks.ownTrace = h.marks.ownTrace || len(h.groups) == 0 && hasKey(h2.attrs, traceKey)
	l := h.out.line(h2, !h2.marks.ownTrace)
	defer h.out.free(l)
	l.buf = append(l.buf, h.prefix...)
	l.openGroups()
	if l.attrs(h2.attrs) {
		h2.prefix, h2.open = slices.Clone(l.buf), len(h2.groups)
	}
	h2.marks, h2.info = l.marks, h.info.Or(l.info())
	return h2
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := h.copy()
	h2.group, h2.groups = name, append(slices.Clip(h.groups), name)
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
