package apm

import (
	"fmt"
	"slices"
	"strings"
)

// A panel is one of Nais APM: what it reads, when a service has it, and what it
// needs to show something.
type panel struct {
	name  string
	reads string
	used  func(*service) bool
	needs []need
}

// A need is one condition of a panel, with the cure where it is not met.
type need struct {
	met  func(*service) answer
	cure string
}

// An answer is what a need found: evidence where it is met, otherwise what is
// missing.
type answer struct {
	met   bool
	text  string
	spans []*span // that the text is about
}

func yes(format string, args ...any) answer {
	return answer{met: true, text: fmt.Sprintf(format, args...)}
}
func no(format string, args ...any) answer { return answer{text: fmt.Sprintf(format, args...)} }

// about tells of which spans something was said.
func (a answer) about(spans ...*span) answer {
	a.spans = spans
	return a
}

func (p panel) judge(s *service) Verdict {
	v := Verdict{Panel: p.name, Reads: p.reads, State: NotUsed}
	if !p.used(s) {
		return v
	}
	v.State = Lit
	var evidence, missing []string
	for _, n := range p.needs {
		a := n.met(s)
		switch {
		case a.met && a.text != "":
			evidence = append(evidence, a.text)
		case !a.met:
			v.State = Dark
			missing = append(missing, a.text)
			v.addSpans(a.spans)
			if !slices.Contains(v.Cures, n.cure) {
				v.Cures = append(v.Cures, n.cure)
			}
		}
	}
	if v.State == Dark {
		evidence = missing
	}
	v.Evidence = strings.Join(slices.Compact(evidence), "; ")
	return v
}

// addSpans names spans that a dark panel is about, some of them.
func (v *Verdict) addSpans(spans []*span) {
	for _, s := range spans {
		place := Place{s.trace, s.id}
		if len(v.Spans) == maxPlaces {
			return
		}
		if !slices.Contains(v.Spans, place) {
			v.Spans = append(v.Spans, place)
		}
	}
}

// Panels returns the names of all panels, in the order of a report.
func Panels() []string {
	var names []string
	for _, p := range panels {
		names = append(names, p.name)
	}
	return names
}
