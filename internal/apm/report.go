package apm

import "slices"

// A State says whether a panel shows data for a service.
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
	// Evidence names the data that a lit panel has, or the data that a dark panel lacks.
	Evidence string `json:"evidence,omitempty"`
	// Cures say what to change, so that a dark panel gets the data that it lacks.
	Cures []string `json:"cures,omitempty"`
	// Libraries are the instrumentation libraries of the spans that lack data, for example otelsql.
	// spor's own packages are not among them.
	Libraries []string `json:"libraries,omitempty"`
	// If certain spans are the reason why a panel is dark, Spans contains the places of at most
	// five of them.
	Spans []Place `json:"spans,omitempty"`
}

// A Place identifies a span by its trace ID and span ID, in hexadecimal.
type Place struct {
	Trace string `json:"trace"`
	Span  string `json:"span"`
}

const maxPlaces = 5

// A Finding is a problem of the telemetry or the output that does not belong to one panel.
type Finding struct {
	// Kind is one of the constants [PersonalNumber], [Secret], [SpanName], [MissingName] and
	// [NodeName].
	Kind string `json:"kind"`
	// Place says where the problem is. It never contains the personal number or the secret
	// itself.
	Place string `json:"place"`
	// Count is how often the problem occurs in this place.
	Count int    `json:"count"`
	Cure  string `json:"cure"`
}

// The kinds of findings.
const (
	PersonalNumber = "personal number" // the telemetry or the output contains a personal number
	Secret         = "secret"          // the telemetry or the output contains a secret
	SpanName       = "span name"       // the name of a span contains an ID or a query, or is a raw path
	MissingName    = "missing name"    // a span has only the stable name of an attribute, but the platform reads the older name
	NodeName       = "node name"       // a database has the same name as a service
)

// A Report is the result for one service.
type Report struct {
	// Service is the service.name of the service.
	Service string `json:"service"`
	// Spans is the number of spans.
	Spans int `json:"spans"`
	// Series is the number of distinct metric names. The names are the names in Mimir.
	Series int `json:"series"`
	// Lines is the number of lines on stdout and stderr.
	Lines int `json:"log_lines"`
	// Records is the number of log records that were sent over OTLP.
	Records  int       `json:"otlp_log_records"`
	Panels   []Verdict `json:"panels"`
	Findings []Finding `json:"findings,omitempty"`
	// Edges are the edges of the service graph that start or end at the service.
	Edges []Edge `json:"edges,omitempty"`
}

// OK reports whether there is no finding and no dark panel.
func (r Report) OK() bool {
	return len(r.Findings) == 0 && !slices.ContainsFunc(r.Panels, func(v Verdict) bool { return v.State == Dark })
}

// Panel returns the verdict for the panel with this name. It reports false if the report has no
// such panel.
func (r Report) Panel(name string) (Verdict, bool) {
	for _, v := range r.Panels {
		if v.Panel == name {
			return v, true
		}
	}
	return Verdict{}, false
}
