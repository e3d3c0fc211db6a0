package viewer

import (
	"slices"

	"github.com/nais/spor/internal/tracetree"
)

// Figures are the rate, the errors and the durations of calls or messages.
type Figures struct {
	Calls  int     `json:"calls"`
	Errors int     `json:"errors"`
	Rate   float64 `json:"rate"`   // calls per second
	Median int64   `json:"median"` // median of the duration, in ns
	P95    int64   `json:"p95"`    // 95th percentile of the duration, in ns
}

// A tally collects what is needed for [Figures].
type tally struct {
	errors    int
	durations []int64
}

func (t *tally) add(s *tracetree.Span, failed bool) {
	if failed {
		t.errors++
	}
	t.durations = append(t.durations, durationOf(s))
}

// The method figures returns the figures of all spans that were added. There must be at least one
// span. seconds is the time in which they happened. A time of less than one second counts as one
// second, because the rate of a few calls would be too high otherwise.
func (t *tally) figures(seconds float64) Figures {
	slices.Sort(t.durations)
	at := func(q float64) int64 { return t.durations[int(q*float64(len(t.durations)-1)+0.5)] }
	return Figures{
		Calls: len(t.durations), Errors: t.errors, Rate: float64(len(t.durations)) / max(seconds, 1), Median: at(0.5), P95: at(0.95),
	}
}
