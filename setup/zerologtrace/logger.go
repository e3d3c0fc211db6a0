package zerologtrace

import (
	"context"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/setup"
)

// Logger returns a logger that writes one JSON object per line to w, in the format that NAIS
// reads. The levels of the logger and [zerolog.SetGlobalLevel] decide which events are written.
// If the name of a field is already used in the line, the field is written as fields.NAME, with
// the same exceptions as in [setup.LogHandler].
//
// The logger is safe for concurrent use, even if w is not. Each event is written with one call
// of w.Write. A logger that the method Output returns writes the format of zerolog, but with the
// IDs of the span.
func Logger(w io.Writer) zerolog.Logger {
	return zerolog.New(writer{setup.LogHandler(w, nil)}).Hook(hook{})
}

const (
	traceKey = "trace_id"
	spanKey  = "span_id"
)

type hook struct{}

// Run implements zerolog.Hook.
func (hook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if span := suppress.SpanOf(e.GetCtx()); span.IsValid() {
		e.Str(traceKey, span.TraceID().String()).Str(spanKey, span.SpanID().String())
	}
}

// writer converts lines of zerolog to records, and passes them to a handler.
type writer struct{ handler slog.Handler }

// Write implements io.Writer. zerolog does not call it.
func (w writer) Write(text []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, text) }

// WriteLevel implements zerolog.LevelWriter.
func (w writer) WriteLevel(level zerolog.Level, text []byte) (int, error) {
	l := parse(level, text)
	ctx := trace.ContextWithSpanContext(context.Background(), l.takeSpan())
	r := slog.NewRecord(zerolog.TimestampFunc(), levelOf(level), l.message, 0)
	r.AddAttrs(l.attrs...)
	if err := w.handler.Handle(ctx, r); err != nil {
		return 0, err
	}
	return len(text), nil
}

func levelOf(level zerolog.Level) slog.Level {
	switch level {
	case zerolog.DebugLevel:
		return slog.LevelDebug
	case zerolog.InfoLevel, zerolog.NoLevel:
		return slog.LevelInfo
	case zerolog.WarnLevel:
		return slog.LevelWarn
	case zerolog.ErrorLevel, zerolog.FatalLevel, zerolog.PanicLevel:
		return slog.LevelError
	}
	return slog.LevelDebug - 4 // trace, and the program's own levels below it
}
