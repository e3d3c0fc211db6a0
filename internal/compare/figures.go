package compare

import (
	"math"
	"time"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// Figures describe one operation in one recording.
type Figures struct {
	Spans  int           `json:"spans"`
	Failed int           `json:"failed"` // spans with the status Error
	P10    time.Duration `json:"p10"`    // 10th percentile of the durations, in ns
	Median time.Duration `json:"median"` // in ns
	P95    time.Duration `json:"p95"`    // 95th percentile, in ns

	// Requests is the number of spans that are requests: server and consumer spans, and the first
	// spans of traces.
	Requests int `json:"requests"`
	// Queries is the number of statements that these requests sent to databases. A statement
	// belongs to the nearest request above it. If [Change.Statement] is not "", only this statement
	// is counted.
	Queries int `json:"queries"`
	// MostQueries is the largest number of statements of one request. It counts all statements.
	MostQueries int `json:"mostQueries"`
}

// QueriesPerRequest returns the mean, or 0 if there are no requests.
func (f Figures) QueriesPerRequest() float64 { return share(f.Queries, f.Requests) }

type figures struct {
	durations   []time.Duration
	failed      int
	requests    int
	queries     int
	mostQueries int
	statements  map[string]*statement
}

type statement struct {
	count int
	texts map[string]int // the number of spans with each text
}

func (f *figures) add(s *tracetree.Span) {
	start, end := s.GetStartTimeUnixNano(), s.GetEndTimeUnixNano()
	f.durations = append(f.durations, time.Duration(min(max(end, start)-start, math.MaxInt64))) //nolint:gosec // bounded
	if s.Failed() {
		f.failed++
	}
}

// addQuery adds a query of a request. The query is the nth one of this request.
func (f *figures) addQuery(name string, s *tracetree.Span, nth int) {
	f.queries++
	f.mostQueries = max(f.mostQueries, nth)
	q := f.statements[name]
	if q == nil {
		q = &statement{texts: map[string]int{}}
		f.statements[name] = q
	}
	q.count++
	q.texts[otlpattr.First(s.GetAttributes(), "db.query.text")]++
}

// The function grown returns the text of the statement whose number per request grew most, without
// personal numbers and credentials. If no span has a text, it returns "".
func grown(was, now *figures, name string) string {
	text, most := "", 0.0
	before := was.statements[name]
	if before == nil {
		before = &statement{}
	}
	for t, n := range now.statements[name].texts {
		more := share(n, now.requests) - share(before.texts[t], was.requests)
		if more > most || more == most && t < text {
			text, most = t, more
		}
	}
	return clean(text)
}

func (f *figures) public() *Figures {
	return &Figures{
		Spans: len(f.durations), Failed: f.failed,
		P10: f.quantile(0.1), Median: f.quantile(0.5), P95: f.quantile(0.95),
		Requests: f.requests, Queries: f.queries, MostQueries: f.mostQueries,
	}
}

// The method of returns the figures with the queries of one statement.
func (f *figures) of(name string) *Figures {
	p := f.public()
	p.Queries = 0
	if q := f.statements[name]; q != nil {
		p.Queries = q.count
	}
	return p
}

// The method quantile needs sorted durations.
func (f *figures) quantile(q float64) time.Duration {
	return f.durations[int(q*float64(len(f.durations)-1)+0.5)]
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
