package naislog

import (
	"encoding/json"
	"log/slog"

	"github.com/nais/spor/internal/errinfo"
)

// scan is the result of the search through a list of attributes.
type scan struct {
	grouped bool
	hasSpan bool

	unfit bool   // at least one attribute must be rewritten
	team  bool   // one of the attributes is the Team Logs marker
	err   error  // the first attribute that is an error
	stack string // the attribute stack_trace, if the program has added it in a group
	own   ownFields
}

func (s *scan) lookAtAll(attrs []slog.Attr) {
	for _, a := range attrs {
		s.look(a, true)
	}
}

// look examines one attribute. direct is false if a is a member of a group with a name.
func (s *scan) look(a slog.Attr, direct bool) {
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

func (s *scan) lookAtKey(a slog.Attr) {
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

func (s *scan) lookAtAny(value any) {
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

// This method returns s together with what a second scan has found. The second scan, the
// argument later, is the scan of the rewritten record.
func (s scan) and(later scan) scan {
	s.team = s.team || later.team
	s.own.stack = s.own.stack || later.own.stack
	s.own.errorType = s.own.errorType || later.own.errorType
	if s.err == nil {
		s.err = later.err
	}
	return s
}

func (s *scan) info() errinfo.Info {
	info := errinfo.Info{Stack: s.stack}
	if s.err != nil {
		info = info.Or(describe(s.err))
	}
	return info
}

func describe(err error) errinfo.Info {
	if plain, ok := err.(plainError); ok { //nolint:errorlint // no error wraps a plainError
		err = plain.error
	}
	return errinfo.Describe(err)
}
