package apm

import "slices"

// A State says whether a panel shows data of a service.
type State string

// The states of a panel.
const (
	Lit     State = "lit"      // the panel has all data that it needs
	Dark    State = "dark"     // data that the panel needs is missing
	NotUsed State = "not used" // the service does nothing that the panel shows
)

// A Verdict is the result for one panel and one service.
type Verdict struct {
	// Panel is the name of the panel.
	Panel string `json:"panel"`
	// Reads describes the data that the panel queries.
	Reads string `json:"reads"`
	State State  `json:"state"`
	// Evidence names the data of a lit panel, or what is missing for a dark panel.
	Evidence string `json:"evidence,omitempty"`
	// Cures say what to change to light a dark panel.
	Cures []string `json:"cures,omitempty"`
	// Spans are up to five of the spans that make a panel dark.
	Spans []Place `json:"spans,omitempty"`
}

// A Place identifies a span by its trace ID and span ID, in hexadecimal.
type Place struct {
	Trace string `json:"trace"`
	Span  string `json:"span"`
}

// maxPlaces is the maximum number of spans in a [Verdict].
const maxPlaces = 5

// A Finding is a problem of the telemetry that does not belong to one panel.
type Finding struct {
	// Kind is one of the constants below, for example [PersonalNumber].
	Kind string `json:"kind"`
	// Place says where the problem is. It does not contain the personal number or the secret.
	Place string `json:"place"`
	// Count is the number of times that the problem is in that place.
	Count int    `json:"count"`
	Cure  string `json:"cure"`
}

// The kinds of findings.
const (
	PersonalNumber = "personal number" // in telemetry or output
	Secret         = "secret"          // in telemetry or output
	SpanName       = "span name"       // contains an ID, or is a raw path
	LegacyKey      = "legacy key"      // an attribute lacks the older name that the platform reads
	NodeName       = "node name"       // a database has the name of a service
)

// A Report is the result for one service.
type Report struct {
	// Service is the service.name of the service.
	Service string `json:"service"`
	// Spans is the number of spans.
	Spans int `json:"spans"`
	// Series is the number of metric names, as Mimir has them.
	Series int `json:"series"`
	// Lines is the number of lines on stdout and stderr.
	Lines int `json:"log_lines"`
	// Records is the number of log records over OTLP.
	Records  int       `json:"otlp_log_records"`
	Panels   []Verdict `json:"panels"`
	Findings []Finding `json:"findings,omitempty"`
	// Edges are the edges of the service graph that start or end at the service.
	Edges []Edge `json:"edges,omitempty"`
}

// OK reports whether no panel is dark and there are no findings.
func (r Report) OK() bool {
	return len(r.Findings) == 0 && !slices.ContainsFunc(r.Panels, func(v Verdict) bool { return v.State == Dark })
}

// Panel returns the verdict for the panel with that name, and whether the report has it.
func (r Report) Panel(name string) (Verdict, bool) {
	for _, v := range r.Panels {
		if v.Panel == name {
			return v, true
		}
	}
	return Verdict{}, false
}
