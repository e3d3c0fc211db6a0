package setup

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

// survey is what a look at attributes finds.
type survey struct {
	grouped bool
	hasSpan bool

	unfit bool   // one of them cannot stay as it is
	team  bool   // one of them is the mark of Team Logs
	err   error  // the first one
	stack string // the program's stack_trace below a group
	own   ownFields
}

func newSurvey(grouped, hasSpan bool) survey { return survey{grouped: grouped, hasSpan: hasSpan} }

// survey looks at the attributes of r.
func (h *logHandler) survey(r slog.Record, hasSpan bool) survey {
	s := newSurvey(h.grouped, hasSpan)
	r.Attrs(func(a slog.Attr) bool {
		s.look(a, true)
		return true
	})
	return s
}

func (s *survey) lookAtAll(attrs []slog.Attr) {
	for _, a := range attrs {
		s.look(a, true)
	}
}

// look takes in one attribute, which is direct if it is no member of a group.
func (s *survey) look(a slog.Attr, direct bool) {
	if isTeamMark(a) {
		s.team = true
	}
	if direct {
		s.lookAtKey(a)
	}
	switch a.Value.Kind() {
	case slog.KindDuration:
		s.unfit = true
	case slog.KindLogValuer:
		s.unfit = true
		s.lookAtAny(a.Value.Any())
	case slog.KindGroup:
		for _, member := range a.Value.Group() {
			s.look(member, direct && a.Key == "")
		}
	case slog.KindAny:
		s.lookAtAny(a.Value.Any())
	}
}

func (s *survey) lookAtKey(a slog.Attr) {
	switch {
	case s.grouped:
		if a.Key == stackKey && a.Value.Kind() == slog.KindString {
			s.stack, s.unfit = a.Value.String(), true
		}
	case a.Key == "" || freeKey(a.Key, s.hasSpan) != a.Key:
		s.unfit = true
	case a.Key == stackKey:
		s.own.stack = true
	case a.Key == errorTypeKey:
		s.own.errorType = true
	}
}

func (s *survey) lookAtAny(value any) {
	switch v := value.(type) {
	case error:
		if s.err == nil {
			s.err = v
		}
		if _, writesItself := v.(json.Marshaler); writesItself {
			s.unfit = true
		}
	case []error:
		s.unfit = true
		if s.err == nil && len(v) > 0 {
			s.err = v[0]
		}
	default:
		s.unfit = s.unfit || hasBytes(v)
	}
}

// and returns s with what a look at the rewritten record found beside it.
func (s survey) and(later survey) survey {
	s.team = s.team || later.team
	s.own.stack = s.own.stack || later.own.stack
	s.own.errorType = s.own.errorType || later.own.errorType
	if s.err == nil {
		s.err = later.err
	}
	return s
}

// freeKey returns key, or another where the line has that one already.
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

// hasKey reports whether key is among attrs at the top level.
func hasKey(attrs []slog.Attr, key string) bool {
	return slices.ContainsFunc(attrs, func(a slog.Attr) bool {
		return a.Key == key || isInline(a) && hasKey(a.Value.Resolve().Group(), key)
	})
}

// isInline reports whether a is a group without a name, whose members slog
// writes in its place.
func isInline(a slog.Attr) bool { return a.Key == "" && a.Value.Resolve().Kind() == slog.KindGroup }

func (h *logHandler) rewrite(r slog.Record, hasSpan bool) slog.Record {
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	rewritten := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	rewritten.AddAttrs(h.fit(attrs, hasSpan)...)
	return rewritten
}

// fit returns attrs as they can stand in the line.
func (h *logHandler) fit(attrs []slog.Attr, hasSpan bool) []slog.Attr {
	fitting := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if h.grouped && a.Key == stackKey && a.Value.Kind() == slog.KindString {
			continue // it stands at the top level
		}
		fitting = append(fitting, h.attr(a, hasSpan))
	}
	return fitting
}

func (h *logHandler) attr(a slog.Attr, hasSpan bool) slog.Attr {
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

// plainValue returns v with durations, errors and bytes as text. slog writes a duration
// as nanoseconds, and the eleven digits of half a minute may be a personal number;
// an error that writes its own JSON it lets do so, and of several it writes none.
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

// plainError is an error that leaves its JSON to slog.
type plainError struct{ error }

func (e plainError) Unwrap() error { return e.error }
