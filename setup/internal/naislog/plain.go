package naislog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"github.com/nais/spor/internal/privacy"
)

// plainHandler converts attribute values to the form that they have in JSON. Then it passes the
// record to another handler. Without plainHandler, the other handler would format values of
// unknown types in Go's own format. In that format, package setup could not recognize a URL, so
// it could not mask the credentials in the URL.
type plainHandler struct{ slog.Handler }

func (h plainHandler) Handle(ctx context.Context, r slog.Record) error {
	plain := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		plain.AddAttrs(asInJSON(a))
		return true
	})
	return h.Handler.Handle(ctx, plain)
}

func (h plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	plain := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		plain[i] = asInJSON(a)
	}
	return plainHandler{h.Handler.WithAttrs(plain)}
}

func (h plainHandler) WithGroup(name string) slog.Handler {
	return plainHandler{h.Handler.WithGroup(name)}
}

func asInJSON(a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindGroup:
		members := make([]any, 0, len(a.Value.Group()))
		for _, member := range a.Value.Group() {
			members = append(members, asInJSON(member))
		}
		return slog.Group(a.Key, members...)
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: slog.AnyValue(anyAsInJSON(a.Value.Any()))}
	}
	return a
}

// anyAsInJSON converts v to maps, slices, strings and numbers. If v is an error, it returns
// v unchanged, because errors are recorded in another way.
func anyAsInJSON(v any) (plain any) {
	switch v.(type) {
	case nil, error, []string:
		return v
	}
	text, err := marshal(v)
	if errors.Is(err, errPanic) {
		return err.Error()
	}
	if err != nil {
		return "!ERROR:" + err.Error()
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		return "!ERROR:" + err.Error()
	}
	return withNumbers(plain)
}

// withNumbers returns v with an int64 or a float64 instead of each json.Number. It also masks
// the keys of maps.
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
		plain := make(map[string]any, len(v))
		for key, value := range v {
			plain[privacy.Key(key)] = withNumbers(value)
		}
		return plain
	}
	return v
}
