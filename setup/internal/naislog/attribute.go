package naislog

import (
	"encoding/json"
	"log/slog"
	"slices"
)

const (
	messageKey   = "message"
	traceKey     = "trace_id"
	spanKey      = "span_id"
	stackKey     = "stack_trace"
	errorTypeKey = "error.type"
)

// freeKey returns key if the line has no field with that name. Otherwise it returns
// "fields." followed by key.
func freeKey(key string, hasSpan bool) string {
	switch key {
	case slog.TimeKey, slog.LevelKey, slog.MessageKey, messageKey:
	case traceKey, spanKey:
		if !hasSpan {
			return key
		}
	default:
		return key
	}
	return "fields." + key
}

// hasKey reports whether attrs has an attribute with this key at the top level.
func hasKey(attrs []slog.Attr, key string) bool {
	return slices.ContainsFunc(attrs, func(a slog.Attr) bool {
		return a.Key == key || isInline(a) && hasKey(a.Value.Resolve().Group(), key)
	})
}

// isInline reports whether a is a group without a name. slog writes the members of such a
// group as if they were not in a group.
func isInline(a slog.Attr) bool { return a.Key == "" && a.Value.Resolve().Kind() == slog.KindGroup }

func (h *handler) rewrite(r slog.Record, hasSpan bool) slog.Record {
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	rewritten := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	rewritten.AddAttrs(h.fit(attrs, hasSpan)...)
	return rewritten
}

func (h *handler) fit(attrs []slog.Attr, hasSpan bool) []slog.Attr {
	fitting := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if h.grouped && a.Key == stackKey && a.Value.Kind() == slog.KindString {
			continue // the stack is written at the top level instead
		}
		fitting = append(fitting, h.attr(a, hasSpan))
	}
	return fitting
}

func (h *handler) attr(a slog.Attr, hasSpan bool) slog.Attr {
	a.Value = plainValue(a.Value)
	switch {
	case h.grouped:
	case isInline(a):
		members := slices.Clone(a.Value.Group())
		for i := range members {
			members[i] = h.attr(members[i], hasSpan)
		}
		a.Value = slog.GroupValue(members...)
	default:
		a.Key = freeKey(a.Key, hasSpan)
	}
	return a
}

// plainValue returns v with durations, errors and bytes converted to text. Without this,
// slog would write them in another form:
//
//   - A duration would be a number of nanoseconds. For 30 s, that number has eleven
//     digits and may look like a personal number.
//   - An error with the method MarshalJSON would be written by that method.
//   - A slice of errors would be written without the texts of the errors.
func plainValue(v slog.Value) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindDuration:
		return slog.StringValue(v.Duration().String())
	case slog.KindGroup:
		attrs := slices.Clone(v.Group())
		for i := range attrs {
			attrs[i].Value = plainValue(attrs[i].Value)
		}
		return slog.GroupValue(attrs...)
	case slog.KindAny:
		return plainAny(v)
	}
	return v
}

func plainAny(v slog.Value) slog.Value {
	switch value := v.Any().(type) {
	case json.Marshaler:
		if err, ok := value.(error); ok {
			return slog.AnyValue(plainError{err})
		}
	case error:
	case []error:
		texts := make([]string, len(value))
		for i, err := range value {
			texts[i] = messageOf(err)
		}
		return slog.AnyValue(texts)
	default:
		if plain, ok := plainBytes(value); ok {
			return plain
		}
	}
	return v
}

// plainError hides the method MarshalJSON of an error, so that slog writes the text of the
// error.
type plainError struct{ error }

func (e plainError) Unwrap() error { return e.error }

// messageOf returns err.Error(). If that call panics, messageOf returns "<nil>". For
// example, the call panics if err is nil.
func messageOf(err error) (message string) {
	defer func() {
		if recover() != nil {
			message = "<nil>"
		}
	}()
	return err.Error()
}
