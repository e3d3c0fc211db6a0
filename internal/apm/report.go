package apm

import "slices"

// A State is what is to be seen in a panel.
type State string

// The states of a panel.
const (
	Lit     State = "lit"
	Dark    State = "dark"
	NotUsed State = "not used" // the service does nothing of the kind
)

// A Verdict is that of one panel.
type Verdict struct {
	Panel string `json:"panel"`
	// Reads is what the panel queries.
	Reads    string `json:"reads"`
	State    State  `json:"state"`
	Evidence string `json:"evidence,omitempty"`
	// Cures say what to change, for a dark panel.
	Cures []string `json:"cures,omitempty"`
	// Spans are some of those that a dark panel is about.
	Spans []Place `json:"spans,omitempty"`
}

// A Place is where a span is, by its IDs in hex.
type Place struct {
	Trace string `json:"trace"`
	Span  string `json:"span"`
}

// maxPlaces is the number of spans named for one panel.
const maxPlaces = 5

// A Finding is something that must not be in telemetry at all, or is missing
// everywhere.
type Finding struct {
	Kind  string `json:"kind"`
	Place string `json:"place"` // without what was found there
	Count int    `json:"count"`
	Cure  string `json:"cure"`
}

// The kinds of findings.
const (
	PersonalNumber = "personal number"
	Secret         = "secret"
	SpanName       = "span name"
	LegacyKey      = "legacy key"
	NodeName       = "node name"
)

// A Report is what is to be seen of one service.
type Report struct {
	Service  string    `json:"service"`
	Spans    int       `json:"spans"`
	Series   int       `json:"series"`
	Lines    int       `json:"log_lines"`
	Records  int       `json:"otlp_log_records"`
	Panels   []Verdict `json:"panels"`
	Findings []Finding `json:"findings,omitempty"`
	// Edges are those of the service graph that touch the service.
	Edges []Edge `json:"edges,omitempty"`
}

// OK reports whether every panel that the service should light is lit, and
// nothing was found.
func (r Report) OK() bool {
	return len(r.Findings) == 0 && !slices.ContainsFunc(r.Panels, func(v Verdict) bool { return v.State == Dark })
}

// Panel returns the verdict of a panel.
func (r Report) Panel(name string) (Verdict, bool) {
	for _, v := range r.Panels {
		if v.Panel == name {
			return v, true
		}
	}
	return Verdict{}, false
}
