package zaptrace

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"go.uber.org/zap/zapcore"
)

// attributes converts fields to attributes. If a field is a context, attributes returns the
// context instead of ctx. The attribute of a namespace has the name of the namespace and the
// value namespaceMark.
func attributes(ctx context.Context, fields []zapcore.Field) (context.Context, []slog.Attr) {
	attrs := make([]slog.Attr, 0, len(fields))
	for _, f := range fields {
		if c, ok := f.Interface.(context.Context); ok {
			ctx = c //nolint:fatcontext // the last context counts
			continue
		}
		attrs = appendField(attrs, f)
	}
	return ctx, attrs
}

func appendField(attrs []slog.Attr, f zapcore.Field) []slog.Attr {
	switch f.Type {
	case zapcore.SkipType:
		return attrs
	case zapcore.NamespaceType:
		return append(attrs, slog.Any(f.Key, namespaceMark{}))
	case zapcore.ErrorType, zapcore.ReflectType, zapcore.BinaryType:
		return append(attrs, slog.Any(f.Key, f.Interface))
	case zapcore.ArrayMarshalerType:
		if v := reflect.ValueOf(f.Interface); v.CanConvert(errorsType) { // the field is from zap.Errors
			return append(attrs, slog.Any(f.Key, v.Convert(errorsType).Interface()))
		}
	case zapcore.StringType:
		return append(attrs, slog.String(f.Key, f.String))
	case zapcore.BoolType:
		return append(attrs, slog.Bool(f.Key, f.Integer == 1))
	case zapcore.Int64Type, zapcore.Int32Type, zapcore.Int16Type, zapcore.Int8Type:
		return append(attrs, slog.Int64(f.Key, f.Integer))
	case zapcore.Uint64Type, zapcore.Uint32Type, zapcore.Uint16Type, zapcore.Uint8Type, zapcore.UintptrType:
		return append(attrs, slog.Uint64(f.Key, uint64(f.Integer)))
	case zapcore.Float64Type:
		return append(attrs, slog.Float64(f.Key, math.Float64frombits(uint64(f.Integer))))
	case zapcore.DurationType:
		return append(attrs, slog.Duration(f.Key, time.Duration(f.Integer)))
	}
	encoder := zapcore.NewMapObjectEncoder()
	f.AddTo(encoder)
	for _, key := range slices.Sorted(maps.Keys(encoder.Fields)) {
		attrs = append(attrs, slog.Any(key, plain(encoder.Fields[key])))
	}
	return attrs
}

var errorsType = reflect.TypeFor[[]error]()

type namespaceMark struct{}

func opensNamespace(a slog.Attr) bool {
	return a.Value.Kind() == slog.KindAny && a.Value.Any() == any(namespaceMark{})
}

// nested returns attrs with a group for each namespace. A namespace contains all attributes
// after it.
func nested(attrs []slog.Attr) []slog.Attr {
	i := slices.IndexFunc(attrs, opensNamespace)
	if i < 0 {
		return attrs
	}
	return append(slices.Clip(attrs[:i]), slog.GroupAttrs(attrs[i].Key, nested(attrs[i+1:])...))
}

// plain returns v, a value of zapcore.MapObjectEncoder, in a form that encoding/json can
// encode. Durations and complex numbers are written as text, as at the top level.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case time.Duration, complex64, complex128:
		return fmt.Sprint(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case string, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr:
	default:
		if _, err := json.Marshal(v); err != nil {
			return "!ERROR:" + err.Error()
		}
	}
	return v
}
