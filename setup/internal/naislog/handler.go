// Package naislog writes log records in the format that NAIS reads. Records with the Team
// Logs marker are sent to Team Logs. All other records can also be exported over OTLP.
package naislog

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

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
	return &handler{out: &output{w: w}, opts: *opts, outputs: outputs, others: &others{}}
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

	steps  *step
	others *others
}

// A step is one call of WithAttrs or WithGroup. The steps of a handler are repeated to make a
// handler for another destination.
type step struct {
	before *step
	attrs  []slog.Attr // frozen
	group  string
}

// others are the handlers that write the records of one handler to the other destinations. They
// are made when the first record needs them.
type others struct {
	bridge
	marked atomic.Pointer[handler] // writes to Team Logs
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
	if h.marks.team && h.team == nil {
		return h.toTeam(ctx, r)
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
			h.others.record(ctx, h, provider, r, span.IsValid(), info)
		}
	}
	return h.out.write(l.buf)
}

// spanOf returns the span that the line of a record names. The result is empty if the program sets
// the IDs itself.
func (h *handler) spanOf(ctx context.Context) trace.SpanContext {
	if h.marks.ownTrace {
		return trace.SpanContext{}
	}
	return suppress.SpanOf(ctx)
}

// toTeam writes a record with the Team Logs marker. Another handler does this, which can write
// only to Team Logs. Therefore the program's ReplaceAttr cannot change the destination.
func (h *handler) toTeam(ctx context.Context, r slog.Record) error {
	team := h.outputs.Team()
	marked := h.others.marked.Load()
	if marked == nil || marked.team != team {
		marked = &handler{out: &output{w: team}, opts: h.opts, outputs: h.outputs, team: team}
		for s := range h.steps.all {
			if s.group != "" {
				marked = marked.inGroup(s.group)
			} else {
				marked = marked.with(s.attrs)
			}
		}
		marked.marks, marked.info = h.marks, h.info
		h.others.marked.Store(marked)
	}
	return marked.Handle(ctx, r)
}

// WithAttrs implements slog.Handler. It formats the values now, because the program may change
// them later.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	l := h.out.line(h, false)
	defer h.out.free(l)
	l.enterGroups()
	attrs = l.frozen(attrs)
	h2 := h.with(attrs)
	h2.marks, h2.info = l.marks, either(h.info, l.info())
	return h2
}

// The method with returns a handler with these frozen attributes.
func (h *handler) with(attrs []slog.Attr) *handler {
	h2 := *h
	h2.others = &others{}
	if len(attrs) == 0 {
		return &h2
	}
	l := h.out.line(h, false)
	defer h.out.free(l)
	l.final = true
	l.buf = append(l.buf, h.prefix...)
	l.openGroups()
	l.attrs(attrs)
	h2.prefix, h2.open = slices.Clone(l.buf), len(h2.groups)
	h2.steps = &step{before: h.steps, attrs: attrs}
	return &h2
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.inGroup(name)
}

func (h *handler) inGroup(name string) *handler {
	h2 := *h
	h2.groups = append(slices.Clip(h.groups), name)
	h2.steps, h2.others = &step{before: h.steps, group: name}, &others{}
	return &h2
}

// The method all calls yield for each step, the first one first.
func (s *step) all(yield func(*step) bool) {
	var steps []*step
	for ; s != nil; s = s.before {
		steps = append(steps, s)
	}
	for _, s := range slices.Backward(steps) {
		if !yield(s) {
			return
		}
	}
}
