package naislog

import "log/slog"

const (
	messageKey   = "message"
	traceKey     = "trace_id"
	spanKey      = "span_id"
	stackKey     = "stack_trace"
	errorTypeKey = "error.type"
	severityKey  = "severity"
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

// groupKey returns the key of a group of WithGroup. i is the number of groups around it.
func groupKey(i int, name string) string {
	if i > 0 {
		return name
	}
	return freeKey(name, true)
}
