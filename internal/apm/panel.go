package apm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nais/spor/internal/stock"
)

type panel struct {
	name  string
	reads string              // the data that the panel queries
	used  func(*service) bool // reports whether a service uses the panel
	needs []need              // the panel is lit if all needs are met
}

// A need is one condition of a panel. If it is not met, the field cure says what to change.
type need struct {
	met  func(*service) answer
	cure string
}

// An answer is the result of checking a need. If the need is met, the text is the evidence.
// Otherwise the text says what is missing.
type answer struct {
	met   bool
	text  string
	spans []*span // the spans that the text is about
	cure  string  // replaces the cure of the need, unless it is ""
}

func yes(format string, args ...any) answer {
	return answer{met: true, text: fmt.Sprintf(format, args...)}
}
func no(format string, args ...any) answer { return answer{text: fmt.Sprintf(format, args...)} }

// The method about returns a copy of a. In the copy, the field spans is set to the argument
// spans. The text of the answer is about these spans.
func (a answer) about(spans ...*span) answer {
	a.spans = spans
	return a
}

// The method cured returns a copy of a with a cure that replaces the cure of the need.
func (a answer) cured(by string) answer {
	a.cure = by
	return a
}

// cureOf returns what meets a need that s does not meet. If setup alone would meet it, because it
// completes the spans, there is no need to change the code that makes them. That code may also
// belong to a library, such as a client of Google's. Spans of a database without SQL do not come
// from sqltrace.
func (n need) cureOf(s *service, a answer) string {
	if n.met(s.underSetup()).met {
		return cureDialect
	}
	if a.cure == "" && n.cure == cureSQL && len(a.spans) > 0 && !slices.ContainsFunc(a.spans, isPooled) {
		return cureClient
	}
	return cmp.Or(a.cure, n.cure)
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
			if cure := n.cureOf(s, a); !slices.Contains(v.Cures, cure) {
				v.Cures = append(v.Cures, cure)
			}
		}
	}
	if v.State == Dark {
		evidence = missing
	}
	v.Evidence = strings.Join(slices.Compact(evidence), "; ")
	return v
}

// addSpans adds the places of spans to v, and the names of the libraries that made the spans.
// Afterwards v has at most maxPlaces places.
func (v *Verdict) addSpans(spans []*span) {
	for _, s := range spans {
		if library := stock.Library(s.scope); library != "" && !slices.Contains(v.Libraries, library) {
			v.Libraries = append(v.Libraries, library)
		}
	}
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

// Panels returns the names of all panels, in the order in which a report contains them.
func Panels() []string {
	var names []string
	for _, p := range panels {
		names = append(names, p.name)
	}
	return names
}
