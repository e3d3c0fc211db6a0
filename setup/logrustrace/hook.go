package logrustrace

import (
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/suppress"
)

// Hook returns a hook that gives every entry the fields trace_id and span_id of
// its context's span, error.type of its error, and stack_trace of that error or,
// from the level error up, of the panic that unwinds. A field that the entry has
// stays. It masks nothing, and knows nothing of Team Logs: both are [Formatter]'s.
func Hook() logrus.Hook { return hook{} }

type hook struct{}

// Levels implements logrus.Hook.
func (hook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook. The entry is logrus's own copy.
func (hook) Fire(e *logrus.Entry) error {
	ctx := contextOf(e)
	if span := trace.SpanContextFromContext(ctx); span.IsValid() && (span.IsSampled() || !suppress.Is(ctx)) {
		give(e, "trace_id", span.TraceID().String())
		give(e, "span_id", span.SpanID().String())
	}
	var f errinfo.Info
	if err, ok := e.Data[logrus.ErrorKey].(error); ok && err != nil {
		f = errinfo.Describe(err)
	}
	if f.Stack == "" && e.Level <= logrus.ErrorLevel {
		f.Stack = errinfo.PanicStack()
	}
	give(e, "error.type", f.Type)
	give(e, "stack_trace", f.Stack)
	return nil
}

func give(e *logrus.Entry, key, value string) {
	if _, has := e.Data[key]; !has && value != "" {
		e.Data[key] = value
	}
}
