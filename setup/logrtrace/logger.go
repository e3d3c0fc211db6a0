package logrtrace

import (
	"context"
	"log/slog"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
)

// Logger returns a logger that writes to handler, which is usually from [setup.LogHandler]. It
// works like [logr.FromSlogHandler], with one difference: if a value of a line or of
// WithValues is a context, the line has the IDs of the span in this context, and the value is
// not written. If there are several contexts, the last of them is used. The logger is safe for
// concurrent use if handler is.
//
// [setup.LogHandler]: https://pkg.go.dev/github.com/nais/spor/setup#LogHandler
func Logger(handler slog.Handler) logr.Logger {
	return logr.FromSlogHandler(contextHandler{Handler: handler, ctx: context.Background()})
}

// contextHandler finds contexts in attributes, and passes them to another handler.
type contextHandler struct {
	slog.Handler

	ctx context.Context //nolint:containedctx // logr passes the context as a value of WithValues
}

// Handle implements slog.Handler. ctx has a span only if the program uses the handler with
// slog, for example with logr.ToSlogHandler.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = h.ctx
	}
	others := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if c, ok := contextOf(a); ok {
			ctx = c //nolint:fatcontext // the last context counts
		} else {
			others.AddAttrs(a)
		}
		return true
	})
	return h.Handler.Handle(ctx, others)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	others := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if c, ok := contextOf(a); ok {
			h.ctx = c //nolint:fatcontext // the last context counts
		} else {
			others = append(others, a)
		}
	}
	h.Handler = h.Handler.WithAttrs(others)
	return h
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}

func contextOf(a slog.Attr) (ctx context.Context, ok bool) {
	if a.Value.Kind() == slog.KindAny {
		ctx, ok = a.Value.Any().(context.Context)
	}
	return ctx, ok
}
