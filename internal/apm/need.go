package apm

import (
	"fmt"
	"strings"

	"github.com/nais/spor/internal/privacy"
)

// always(s) returns true for every service s. It is the condition of a panel that every service
// uses.
func always(*service) bool { return true }

// uses(sel) returns a condition. The condition is true if the service has a span that matches
// sel.
func uses(sel selector) func(*service) bool {
	return func(s *service) bool { return s.any(sel) }
}

// every(what, sel, keys...) requires two things. There must be at least one span that matches
// sel, and each such span must have at least one of the attributes in keys. The argument what is
// the name for these spans in the text of the answer.
func every(what string, sel selector, keys ...string) func(*service) answer {
	return func(s *service) answer {
		var without []*span
		picked := s.pick(sel)
		for _, one := range picked {
			if !one.has(keys...) {
				without = append(without, one)
			}
		}
		if len(without) > 0 {
			return no("%d of %s without %s (%s)", len(without), count(len(picked), what), keys[0], nameOf(without[0])).about(without...)
		}
		if len(picked) == 0 {
			return no("no %s", what)
		}
		return yes("%s with %s", count(len(picked), what), keys[0])
	}
}

// some(what, sel, keys...) requires that at least one span that matches sel has all the
// attributes in keys.
func some(what string, sel selector, keys ...string) func(*service) answer {
	return func(s *service) answer {
		picked := s.pick(sel)
		for _, one := range picked {
			if hasAll(one, keys) {
				return yes("%s on %s", strings.Join(keys, ", "), nameOf(one))
			}
		}
		if len(picked) == 0 {
			return no("no %s", what)
		}
		return no("none of %s has %s (%s)", count(len(picked), what), strings.Join(missing(picked[0], keys), ", "), nameOf(picked[0])).about(picked...)
	}
}

func hasAll(s *span, keys []string) bool { return len(missing(s, keys)) == 0 }

func missing(s *span, keys []string) []string {
	var without []string
	for _, key := range keys {
		if !s.has(key) {
			without = append(without, key)
		}
	}
	return without
}

// metric(name, labels...) requires at least one series with the given name. Every series with
// this name must have all of the labels.
func metric(name string, labels ...string) func(*service) answer {
	return func(s *service) answer {
		all := s.series[name]
		if len(all) == 0 {
			return no("no %s", name)
		}
		for _, one := range all {
			if without := missingLabels(one, labels); len(without) > 0 {
				return no("%s without %s", name, strings.Join(without, ", "))
			}
		}
		return yes("%s", name)
	}
}

// metrics(names...) requires at least one series for each of the names.
func metrics(names ...string) func(*service) answer {
	return func(s *service) answer {
		var without []string
		for _, name := range names {
			if len(s.series[name]) == 0 {
				without = append(without, name)
			}
		}
		switch {
		case len(without) == len(names):
			return no("no %s, and none of the other metrics", names[0])
		case len(without) > 0:
			return no("no %s", strings.Join(without, ", "))
		}
		return yes("%s and %d more", names[0], len(names)-1)
	}
}

// optional(name, why) requires nothing, because a panel is also useful without this series. If the
// series is missing, the evidence says so. The argument why is the usual reason.
func optional(name, why string) func(*service) answer {
	return func(s *service) answer {
		if len(s.series[name]) == 0 {
			return yes("no %s (%s)", name, why)
		}
		return yes("%s", name)
	}
}

func missingLabels(s *series, labels []string) []string {
	var without []string
	for _, label := range labels {
		if _, found := s.labels[label]; !found {
			without = append(without, label)
		}
	}
	return without
}

// nameOf returns the name of s for display. Personal numbers and credentials are removed, and a
// name of more than 60 bytes is cut.
func nameOf(s *span) string {
	name := privacy.Text(s.GetName())
	if len(name) > 60 {
		name = strings.ToValidUTF8(name[:57], "") + "..."
	}
	return name
}

func count(n int, things string) string {
	if n == 1 {
		things = strings.NewReplacer("queries", "query", "statements", "statement", "spans", "span", "their names", "its name").Replace(things)
		things = strings.TrimSuffix(things, "s")
	}
	return fmt.Sprintf("%d %s", n, things)
}
