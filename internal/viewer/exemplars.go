package viewer

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/tracetree"
)

// An Exemplar is one measurement of a histogram. A page shows it as a point of a plot, and the point
// is a link to the span in which the program made the measurement.
type Exemplar struct {
	Time  float64 `json:"time"` // Unix s
	Value float64 `json:"value"`
	Line  int     `json:"line"` // index of the line in Plot.Lines
	Trace string  `json:"trace"`
	Span  string  `json:"span"`
}

// maxExemplars is the maximum number of exemplars per plot.
const maxExemplars = 16

// The function slowest returns the exemplar with the largest value, of those with a trace that are
// newer than before (in Unix ns). The result is nil if there is no such exemplar. An SDK may send an
// exemplar again with the next points, so the caller passes the time of the previous point.
func slowest(list []*metricspb.Exemplar, before uint64) []*metricspb.Exemplar {
	var found []*metricspb.Exemplar
	for _, e := range list {
		if e.GetTimeUnixNano() <= before || len(e.GetTraceId()) != len(tracetree.ID{}) || isZero(e.GetTraceId()) {
			continue
		}
		if value := valueOf(e); !math.IsNaN(value) && !math.IsInf(value, 0) && (found == nil || value > valueOf(found[0])) {
			found = []*metricspb.Exemplar{e}
		}
	}
	return found
}

func valueOf(e *metricspb.Exemplar) float64 {
	if v, ok := e.GetValue().(*metricspb.Exemplar_AsInt); ok {
		return float64(v.AsInt)
	}
	return e.GetAsDouble()
}

// exemplarsOf returns exemplars of the lines of a plot, sorted by time. It leaves out exemplars for
// whose trace here returns false. If there are too many, it divides the time into slots of 1, 2, 4...
// seconds, and returns the exemplar with the largest value in each slot. Slots of such lengths stay
// the same when new exemplars arrive, so the points on a page do not jump.
func exemplarsOf(lines []*series, here func(tracetree.ID) bool) []Exemplar {
	all := []Exemplar{}
	for i, line := range lines {
		for _, p := range line.points {
			for _, e := range p.exemplars {
				if here(tracetree.ID(e.GetTraceId())) {
					at := float64(e.GetTimeUnixNano()/1e6) / 1e3
					all = append(all, Exemplar{at, valueOf(e), i, hex.EncodeToString(e.GetTraceId()), hex.EncodeToString(e.GetSpanId())})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Exemplar) int { return cmp.Compare(a.Time, b.Time) })
	if len(all) <= maxExemplars {
		return all
	}
	length := 1.0
	for all[len(all)-1].Time-all[0].Time > length*(maxExemplars-1) {
		length *= 2
	}
	slot := func(e Exemplar) float64 { return math.Floor(e.Time / length) }
	kept := all[:0]
	for _, e := range all {
		switch last := len(kept) - 1; {
		case last < 0 || slot(kept[last]) != slot(e):
			kept = append(kept, e)
		case e.Value > kept[last].Value:
			kept[last] = e
		}
	}
	return kept
}
