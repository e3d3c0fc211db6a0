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

// Formatter returns a formatter that writes one JSON object per line, in the format that NAIS
// reads. Fields are sorted by name. If the name of a field is already used in the line, the
// field is written as fields.NAME, with the same exceptions as in [setup.LogHandler]. If the
// logger reports the caller, the line has the caller in a field with the name "source". The
// formatter is safe for concurrent use. Several loggers can use the same formatter.
func Formatter() logrus.Formatter { return &formatter{} }

type formatter struct{ lines sync.Pool }

// A line is reused for many entries. The handler writes to the buffer.
type line struct {
	bytes.Buffer

	handler slog.Handler
}

// Format implements logrus.Formatter. It returns no bytes for an entry that goes only to
// Team Logs.
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

// lowest is a level below all levels of logrus. With this level, the handler writes every entry
// that it gets. The logger has already dropped the entries below its own level.
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
