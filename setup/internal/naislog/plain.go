package naislog

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// plainHandler converts attribute values to the form that they have in JSON, and gives
// attributes the names that they have in the line. Then it passes the record to another handler.
// Without plainHandler, the other handler would format values of unknown types in Go's own
// format. In that format, package setup could not recognize a URL, so it could not mask the
// credentials in the URL. The other handler also would keep only one of several errors.
type plainHandler struct {
	slog.Handler

	grouped, ownTrace bool
}

func (h plainHandler) Handle(ctx context.Context, r slog.Record) error {
	hasSpan := trace.SpanContextFromContext(ctx).IsValid()
	plain := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		plain.AddAttrs(h.plain(a, hasSpan))
		return true
	})
	return h.Handler.Handle(ctx, plain)
}

func (h plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.ownTrace = h.ownTrace || !h.grouped && hasKey(attrs, traceKey)
	plain := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		plain[i] = h.plain(a, !h.ownTrace)
	}
	h.Handler = h.Handler.WithAttrs(plain)
	return h
}

func (h plainHandler) WithGroup(name string) slog.Handler {
	h.Handler, h.grouped = h.Handler.WithGroup(name), true
	return h
}

func (h plainHandler) plain(a slog.Attr, hasSpan bool) slog.Attr {
	v := asInJSON(a.Value)
	switch {
	case h.grouped:
	case a.Key == "" && v.Kind() == slog.KindGroup:
		members := v.Group()
		for i := range members {
			members[i] = h.plain(members[i], hasSpan)
		}
	default:
		a.Key = freeKey(a.Key, hasSpan)
	}
	return slog.Attr{Key: a.Key, Value: v}
}

func asInJSON(v slog.Value) slog.Value {
	v = resolved(v)
	switch v.Kind() {
	case slog.KindDuration:
		return slog.StringValue(v.Duration().String())
	case slog.KindGroup:
		members := make([]slog.Attr, 0, len(v.Group()))
		for _, member := range v.Group() {
			members = append(members, slog.Attr{Key: member.Key, Value: asInJSON(member.Value)})
		}
		return slog.GroupValue(members...)
	case slog.KindAny:
		return slog.AnyValue(anyAsInJSON(v.Any()))
	}
	return v
}

// anyAsInJSON converts v to maps, slices, strings and numbers.
func anyAsInJSON(v any) (plain any) {
	switch v := v.(type) {
	case nil, []string:
		return v
	case error:
		return messageOf(v)
	case []error:
		return messagesOf(v)
	}
	text, err := marshal(v)
	if err != nil {
		return err.Error()
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		return "!ERROR:" + err.Error()
	}
	return withNumbers(plain)
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
