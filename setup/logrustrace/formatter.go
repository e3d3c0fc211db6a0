package logrustrace

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/sirupsen/logrus"

	"github.com/nais/spor/setup"
)

// Formatter returns a formatter that writes one JSON object a line, in the shape
// that NAIS reads. Fields are sorted by name; one that would take the name of a
// field of the line is written as fields.NAME. The caller, if the logger reports
// it, is source. It is safe for concurrent use, in any number of loggers.
func Formatter() logrus.Formatter { return &formatter{} }

type formatter struct{ lines sync.Pool }

// line is a handler and the one line that it writes.
type line struct {
	bytes.Buffer

	handler slog.Handler
}

// Format implements logrus.Formatter. It returns nothing for an entry that goes
// elsewhere.
func (f *formatter) Format(e *logrus.Entry) ([]byte, error) {
	l, _ := f.lines.Get().(*line)
	if l == nil {
		l = &line{}
		l.handler = setup.LogHandler(&l.Buffer, &slog.HandlerOptions{Level: slog.Level(lowest)})
	}
	defer f.lines.Put(l)
	l.Reset()
	err := l.handler.Handle(contextOf(e), record(e))
	return bytes.Clone(l.Bytes()), err
}

// lowest is below every level: logrus has filtered already.
const lowest = -1 << 30

func contextOf(e *logrus.Entry) context.Context {
	if e.Context == nil {
		return context.Background()
	}
	return e.Context
}

func record(e *logrus.Entry) slog.Record {
	r := slog.NewRecord(e.Time, levelOf(e.Level), e.Message, 0)
	if e.HasCaller() {
		r.AddAttrs(slog.Any(slog.SourceKey, &slog.Source{Function: e.Caller.Function, File: e.Caller.File, Line: e.Caller.Line}))
	}
	keys := make([]string, 0, len(e.Data))
	for key := range e.Data {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		r.AddAttrs(slog.Any(key, e.Data[key]))
	}
	return r
}

func levelOf(level logrus.Level) slog.Level {
	switch level {
	case logrus.TraceLevel:
		return slog.LevelDebug - 4
	case logrus.DebugLevel:
		return slog.LevelDebug
	case logrus.InfoLevel:
		return slog.LevelInfo
	case logrus.WarnLevel:
		return slog.LevelWarn
	}
	return slog.LevelError // error, fatal and panic
}
