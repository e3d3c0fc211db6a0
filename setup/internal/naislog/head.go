package naislog

import (
	"encoding/hex"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// The method begin writes the fields before the attributes: time, level, source, message, and
// the IDs of the span.
func (l *line) begin(r slog.Record, span trace.SpanContext) {
	l.buf = append(l.buf, '{')
	if l.handler.team != nil {
		l.field(severityKey, levelName(r.Level)) // Google Cloud Logging reads this field
		l.buf = append(l.buf, l.handler.team.fields...)
	}
	l.head = true
	if l.handler.opts.ReplaceAttr != nil {
		l.replacedHead(r)
	} else {
		l.plainHead(r)
	}
	l.head = false
	if span.IsValid() {
		traceID, spanID := span.TraceID(), span.SpanID()
		l.id(traceKey, traceID[:])
		l.id(spanKey, spanID[:])
	}
}

func (l *line) plainHead(r slog.Record) {
	if !r.Time.IsZero() {
		l.ownKey(slog.TimeKey)
		l.time(r.Time)
	}
	l.field(slog.LevelKey, levelName(r.Level))
	if l.handler.opts.AddSource {
		l.write(slog.Any(slog.SourceKey, r.Source()))
	}
	l.field(messageKey, r.Message)
}

// replacedHead is like plainHead, for a program with a ReplaceAttr. A level that ReplaceAttr
// returns is also written with its name on NAIS.
func (l *line) replacedHead(r slog.Record) {
	replace := l.handler.opts.ReplaceAttr
	if !r.Time.IsZero() {
		l.write(replace(nil, slog.Time(slog.TimeKey, r.Time.Round(0))))
	}
	level := replace(nil, slog.Any(slog.LevelKey, r.Level))
	if level.Key == slog.LevelKey {
		level.Value = namedLevel(level.Value.Resolve())
	}
	l.write(level)
	if l.handler.opts.AddSource {
		source := r.Source()
		if source == nil {
			source = &slog.Source{} // as slog does: a ReplaceAttr need not expect nil
		}
		l.write(replace(nil, slog.Any(slog.SourceKey, source)))
	}
	message := replace(nil, slog.String(slog.MessageKey, r.Message))
	if message.Key == slog.MessageKey {
		message.Key = messageKey
	}
	l.write(message)
}

func (l *line) id(key string, id []byte) {
	l.ownKey(key)
	l.buf = append(l.buf, '"')
	l.buf = append(hex.AppendEncode(l.buf, id), '"')
}

// sourceAttrs returns the source of a log call. It leaves out what is not known.
func sourceAttrs(source *slog.Source) (attrs []slog.Attr) {
	if source == nil {
		return nil
	}
	if source.Function != "" {
		attrs = append(attrs, slog.String("function", source.Function))
	}
	if source.File != "" {
		attrs = append(attrs, slog.String("file", source.File))
	}
	if source.Line != 0 {
		attrs = append(attrs, slog.Int("line", source.Line))
	}
	return attrs
}
