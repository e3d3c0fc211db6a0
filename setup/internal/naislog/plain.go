package naislog

import (
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"time"
)

// plain converts frozen attributes to the form that they have in JSON: maps, slices, strings and
// numbers.
func plain(attrs []slog.Attr) []slog.Attr {
	converted := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		converted[i] = slog.Attr{Key: a.Key, Value: plainValue(a.Value)}
	}
	return converted
}

func plainValue(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindDuration:
		return slog.StringValue(v.Duration().String())
	case slog.KindTime:
		return slog.StringValue(v.Time().Format(time.RFC3339Nano))
	case slog.KindUint64:
		if v.Uint64() > math.MaxInt64 { // OTLP has no such integers
			return slog.StringValue(strconv.FormatUint(v.Uint64(), 10))
		}
	case slog.KindGroup:
		return slog.GroupValue(plain(v.Group())...)
	case slog.KindAny:
		if text, ok := v.Any().(frozen); ok {
			return slog.AnyValue(text.decode())
		}
	}
	return v
}

// withNumbers returns v with an int64 or a float64 instead of each json.Number.
func withNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = withNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withNumbers(v[key])
		}
	}
	return v
}
