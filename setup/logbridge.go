package setup

import (
	"context"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/embedded"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/scope"
)

// exportedLogs is the provider that exports log records, nil while none does.
var exportedLogs atomic.Pointer[logProvider]

// logProvider is the SDK's, held by a pointer so that handlers can tell one from
// the next.
type logProvider struct{ log.LoggerProvider }

// bridge is what one handler has for OpenTelemetry: otelslog's, with the handler's
// groups and attributes, made anew for each provider.
type bridge struct{ made atomic.Pointer[bridged] }

type bridged struct {
	provider *logProvider
	handler  slog.Handler
}

// record exports r, if records are exported.
func (b *bridge) record(ctx context.Context, h *logHandler, r slog.Record, hasSpan bool, f errinfo.Info) {
	provider := exportedLogs.Load()
	if provider == nil {
		return
	}
	if !hasSpan {
		ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	}
	if (f != errinfo.Info{}) {
		ctx = context.WithValue(ctx, faultKey{}, f)
	}
	_ = b.handler(h, provider).Handle(ctx, r) // it has no errors
}

func (b *bridge) handler(h *logHandler, provider *logProvider) slog.Handler {
	if made := b.made.Load(); made != nil && made.provider == provider {
		return made.handler
	}
	made := &bridged{provider, h.remake(plainHandler{otelslog.NewHandler("github.com/nais/spor/setup",
		otelslog.WithVersion(scope.Version()), otelslog.WithLoggerProvider(faultProvider{next: provider.LoggerProvider}))})}
	b.made.Store(made)
	return made.handler
}

// faultProvider makes loggers that say what otelslog does not know of an error.
type faultProvider struct {
	embedded.LoggerProvider

	next log.LoggerProvider
}

type faultKey struct{}

func (p faultProvider) Logger(name string, opts ...log.LoggerOption) log.Logger {
	return faultLogger{next: p.next.Logger(name, opts...)}
}

type faultLogger struct {
	embedded.Logger

	next log.Logger
}

func (l faultLogger) Enabled(ctx context.Context, p log.EnabledParameters) bool {
	return l.next.Enabled(ctx, p)
}

func (l faultLogger) Emit(ctx context.Context, r log.Record) {
	r.SetSeverityText(string(appendLevel(nil, []byte(r.SeverityText()))))
	if f, ok := ctx.Value(faultKey{}).(errinfo.Info); ok {
		addIfKnown(&r, semconv.ExceptionTypeKey, f.Type)
		addIfKnown(&r, semconv.ExceptionMessageKey, f.Message)
		addIfKnown(&r, semconv.ExceptionStacktraceKey, f.Stack)
	}
	l.next.Emit(ctx, r)
}

func addIfKnown(r *log.Record, key attribute.Key, value string) {
	if value != "" {
		r.AddAttributes(key.String(value))
	}
}
