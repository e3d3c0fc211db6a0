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
	met  bool
	text string
}

func yes(format string, args ...any) answer { return answer{true, fmt.Sprintf(format, args...)} }
func no(format string, args ...any) answer  { return answer{false, fmt.Sprintf(format, args...)} }

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

// Panels returns the names of all panels, in the order of a report.
func Panels() []string {
	var names []string
	for _, p := range panels {
		names = append(names, p.name)
	}
	return names
}
