package zerologtrace

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"
)

// line is a line of zerolog.
type line struct {
	message string
	attrs   []slog.Attr // all fields except level, time and message
}

// parse parses a line. If text is not JSON, for example because of the program's RawJSON,
// the text is the message.
func parse(level zerolog.Level, text []byte) line {
	attrs, err := attributes(text)
	if err != nil {
		return line{message: string(bytes.TrimSpace(text))}
	}
	if level != zerolog.NoLevel && len(attrs) > 0 && attrs[0].Key == zerolog.LevelFieldName {
		attrs = attrs[1:]
	}
	l := line{attrs: attrs}
	l.message = l.take(zerolog.MessageFieldName)
	l.take(zerolog.TimestampFieldName)
	return l
}

// attributes returns the fields of a line. Values that are not text stay JSON.
func attributes(text []byte) (attrs []slog.Attr, _ error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if token, _ := d.Token(); token != json.Delim('{') || !json.Valid(text) {
		return nil, errors.New("not one object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		a := slog.Any(key.(string), value) //nolint:forcetypeassert // the decoder returns only text
		if value[0] == '"' {
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
			a.Value = slog.StringValue(text)
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

// take removes the last field with the name key, and returns its value. zerolog writes its own
// fields after the fields of the program.
func (l *line) take(key string) string {
	i := l.last(key)
	if i < 0 {
		return ""
	}
	text := l.attrs[i].Value.String()
	l.attrs = slices.Delete(l.attrs, i, i+1)
	return text
}

func (l *line) last(key string) int {
	for i, a := range slices.Backward(l.attrs) {
		if a.Key == key {
			return i
		}
	}
	return -1
}

// takeSpan removes the IDs of the span, and returns the span. IDs that are not valid are fields
// of the program.
func (l *line) takeSpan() (span trace.SpanContext) {
	i, j := l.last(traceKey), l.last(spanKey)
	if i < 0 || j < 0 {
		return span
	}
	traceID, traceErr := trace.TraceIDFromHex(l.attrs[i].Value.String())
	spanID, spanErr := trace.SpanIDFromHex(l.attrs[j].Value.String())
	if traceErr != nil || spanErr != nil {
		return span
	}
	l.take(traceKey)
	l.take(spanKey)
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID})
}
