package naislog

import (
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
