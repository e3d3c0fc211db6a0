package logrustrace

import (
	"github.com/sirupsen/logrus"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/suppress"
)

// Hook returns a hook that adds these fields to every entry:
//
//   - trace_id and span_id, if the context of the entry has a span.
//   - error.type, if the entry has an error in the field of [logrus.WithError].
//   - stack_trace, if this error has a stack. During a panic, an entry with the level error or
//     higher also gets stack_trace if it has no error with a stack. It is then the stack of the
//     panic.
//
// The hook does not replace fields that the entry already has. Unlike [Formatter], the hook does
// not mask anything, and it does not send entries to Team Logs.
func Hook() logrus.Hook { return hook{} }

type hook struct{}

// Levels implements logrus.Hook.
func (hook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook. It can safely change e, because logrus passes a copy of the entry
// to hooks.
func (hook) Fire(e *logrus.Entry) error {
	if span := suppress.SpanOf(contextOf(e)); span.IsValid() {
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
