package waterfall

import (
	"math"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// A scale is the period from the start of the first span to the end of the last span of a
// trace.
type scale struct{ start, end uint64 }

// scaleOf returns the scale of a trace. It ignores spans without a start time.
func scaleOf(t *tracetree.Trace) scale {
	start, end := t.Period()
	return scale{start, end}
}

func (s scale) duration() time.Duration { return elapsed(s.start, s.end) }

// The method bar returns the bar of a span, for a column of the given width. The start and the
// end of the bar are accurate to half a character. The bar is never empty, so even a short span
// is visible.
func (s scale) bar(span *tracepb.Span, columns int) string {
	halves := float64(2 * columns)
	total := max(float64(s.end-s.start), 1)
	place := func(at uint64) int {
		at = min(max(at, s.start), s.end)
		return int(math.Round(float64(at-s.start) / total * halves))
	}
	from := min(place(span.GetStartTimeUnixNano()), 2*columns-1)
	to := max(place(span.GetEndTimeUnixNano()), from+1)

	var b strings.Builder
	b.WriteString(strings.Repeat(" ", from/2))
	for column := from / 2; column < (to+1)/2; column++ {
		switch left, right := 2*column >= from, 2*column+1 < to; {
		case left && right:
			b.WriteString("█")
		case left:
			b.WriteString("▌")
		default:
			b.WriteString("▐")
		}
	}
	return b.String()
}

// The function elapsed returns the time from start to end, which are in Unix nanoseconds. If end
// is before start, it returns 0. This is possible if the two times come from the clocks of two
// machines.
func elapsed(start, end uint64) time.Duration {
	if end <= start {
		return 0
	}
	return time.Duration(min(end-start, math.MaxInt64))
}

// The function duration returns d as text with three digits. So a reader can easily compare the
// durations in a column.
func duration(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return decimal(float64(d), "ns")
	case d < time.Millisecond:
		return decimal(float64(d)/float64(time.Microsecond), "µs")
	case d < time.Second:
		return decimal(float64(d)/float64(time.Millisecond), "ms")
	case d < 100*time.Second:
		return decimal(d.Seconds(), "s")
	case d < 100*time.Minute:
		return decimal(d.Minutes(), "min")
	default:
		return decimal(d.Hours(), "h")
	}
}

// The function decimal returns f as text with three digits. Nanoseconds have no digits after the
// point.
func decimal(f float64, unit string) string {
	digits := 2
	if f >= 99.95 {
		digits = 0
	} else if f >= 9.995 {
		digits = 1
	}
	if unit == "ns" {
		digits = 0
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + unit
}
