package naislog

import (
	"encoding/json"
	"log/slog"
	"strings"
)

// frozen is the JSON of a value of any type. Nothing in it is masked.
type frozen string

// freeze returns the JSON of v.
func (l *line) freeze(v slog.Value) slog.Value {
	raw := l.handler.out.line(l.handler, false)
	defer l.handler.out.free(raw)
	raw.masks = false
	raw.value(0, slog.Attr{Value: v})
	return slog.AnyValue(frozen(raw.buf))
}

// text returns the text that f encodes, if f is a JSON string.
func (f frozen) text() (text string, ok bool) {
	if !strings.HasPrefix(string(f), `"`) {
		return "", false
	}
	err := json.Unmarshal([]byte(f), &text)
	return text, err == nil
}

func (f frozen) decode() (value any) {
	decoder := json.NewDecoder(strings.NewReader(string(f)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return "!ERROR:" + err.Error()
	}
	return withNumbers(value)
}

// frozen returns the attributes as they are written. The values cannot change any more: JSON takes
// the place of values that other code could change.
func (l *line) frozen(attrs []slog.Attr) []slog.Attr {
	kept := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		a, ok := l.prepare(a)
		if !ok || isEmpty(a) {
			continue
		}
		switch a.Value.Kind() {
		case slog.KindGroup:
			outer := l.secrets
			if a.Key != "" {
				l.enter(a.Key)
			}
			members := l.frozen(a.Value.Group())
			if a.Key != "" {
				l.leave(outer)
			}
			if len(members) == 0 {
				continue
			}
			a.Value = slog.GroupValue(members...)
		case slog.KindAny:
			a.Value = l.freeze(a.Value)
		}
		l.own(a.Key)
		kept = append(kept, a)
	}
	return kept
}
