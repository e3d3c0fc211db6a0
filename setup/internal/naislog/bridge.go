package naislog

import (
	"context"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/embedded"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/scope"
)

// bridge belongs to one handler of this package. It exports the records of that handler
// through a handler of otelslog, which has the same groups and attributes. If the provider
// changes, the bridge makes a new handler of otelslog.
type bridge struct{ made atomic.Pointer[bridged] }

type bridged struct {
	provider *sdklog.LoggerProvider
	handler  slog.Handler
}

func (b *bridge) record(ctx context.Context, h *handler, provider *sdklog.LoggerProvider, r slog.Record, hasSpan bool, info errinfo.Info) {
	if !hasSpan {
		ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	}
	if (info != errinfo.Info{}) {
		ctx = context.WithValue(ctx, errorKey{}, info)
	}
	_ = b.handler(h, provider).Handle(ctx, h.plainRecord(r, hasSpan)) // otelslog returns no errors
}

func (b *bridge) handler(h *handler, provider *sdklog.LoggerProvider) slog.Handler {
	if made := b.made.Load(); made != nil && made.provider == provider {
		return made.handler
	}
	var other slog.Handler = otelslog.NewHandler("github.com/nais/spor/setup",
		otelslog.WithVersion(scope.Version()), otelslog.WithLoggerProvider(errorProvider{next: provider}))
	groups := 0
	for s := range h.steps.all {
		if s.group == "" {
			other = other.WithAttrs(plain(s.attrs))
			continue
		}
		other = other.WithGroup(groupKey(groups, s.group))
		groups++
	}
	made := &bridged{provider, other}
	b.made.Store(made)
	return made.handler
}

// plainRecord returns r with the attributes that the line has. Without this, otelslog would format
// values of unknown types in Go's own format. In that format, package setup could not recognize a
// URL, so it could not mask the credentials in the URL. otelslog would also keep only one of several
// errors.
func (h *handler) plainRecord(r slog.Record, hasSpan bool) slog.Record {
	l := h.out.line(h, hasSpan)
	defer h.out.free(l)
	l.enterGroups()
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	same := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	same.AddAttrs(plain(l.frozen(attrs))...)
	return same
}

// errorProvider makes loggers that add three attributes to a record with an error: the type,
// the message and the stack of the error. otelslog itself does not add these attributes.
type errorProvider struct {
	embedded.LoggerProvider

	next log.LoggerProvider
}

type errorKey struct{}

func (p errorProvider) Logger(name string, opts ...log.LoggerOption) log.Logger {
	return errorLogger{next: p.next.Logger(name, opts...)}
}

type errorLogger struct {
	embedded.Logger

	next log.Logger
}

func (l errorLogger) Enabled(ctx context.Context, p log.EnabledParameters) bool {
	return l.next.Enabled(ctx, p)
}

func (l errorLogger) Emit(ctx context.Context, r log.Record) {
	r.SetSeverityText(levelNameOf(r.SeverityText()))
	if info, ok := ctx.Value(errorKey{}).(errinfo.Info); ok {
		addIfKnown(&r, semconv.ExceptionTypeKey, info.Type)
		addIfKnown(&r, semconv.ExceptionMessageKey, info.Message)
		addIfKnown(&r, semconv.ExceptionStacktraceKey, info.Stack)
	}
	l.next.Emit(ctx, r)
}

func addIfKnown(r *log.Record, key attribute.Key, value string) {
	if value != "" {
		r.AddAttributes(key.String(value))
	}
}
