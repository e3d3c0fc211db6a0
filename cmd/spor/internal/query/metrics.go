package query

import (
	"context"
	"net/url"
	"strings"

	"github.com/nais/spor/internal/viewer"
)

// A MetricFilter selects metrics. The empty value of a field means any metric.
type MetricFilter struct {
	Service string `json:"service,omitempty" jsonschema:"only metrics of the service NAME"`
	Text    string `json:"text,omitempty" jsonschema:"only metrics whose name or title contains TEXT"`
	Points  int    `json:"points,omitempty" jsonschema:"also return the N newest points of each series"`
	Limit   int    `json:"limit,omitempty" jsonschema:"return at most N metrics (default 20)"`
}

// Metrics is the answer to a [MetricFilter].
type Metrics struct {
	Metrics []Metric `json:"metrics"`
	More    int      `json:"more" jsonschema:"number of further matches that the limit leaves out"`
}

// A Metric is a metric with its series. There are at most 12 series.
type Metric struct {
	Name   string   `json:"name"`
	Title  string   `json:"title" jsonschema:"the title in Nais APM"`
	Unit   string   `json:"unit,omitempty"`
	Kind   string   `json:"kind" jsonschema:"gauge (values), counter (values per second) or histogram (95th percentile, or the mean)"`
	Help   string   `json:"help,omitempty"`
	Series []Series `json:"series"`
	More   int      `json:"more_series,omitempty" jsonschema:"number of series that are left out"`
}

// A Series is a series of a [Metric]. Newest, Min and Max are nil if there is no value yet, for
// example because a counter was exported only once.
type Series struct {
	Service string   `json:"service"`
	Labels  string   `json:"labels,omitempty"`
	Newest  *float64 `json:"newest,omitempty"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Points  []Point  `json:"points,omitempty"`
}

// A Point is a value of a [Series] at a time.
type Point struct {
	Time  string  `json:"time"`
	Value float64 `json:"value"`
}

// Metrics lists the metrics that match f.
func (s *Source) Metrics(ctx context.Context, f MetricFilter) (Metrics, error) {
	if f.Limit < 0 || f.Points < 0 {
		return Metrics{}, invalid("limit \"%d\", points \"%d\" (want numbers)", f.Limit, f.Points)
	}
	if f.Limit == 0 {
		f.Limit = byDefault
	}
	var list viewer.MetricList
	if err := s.get(ctx, "metrics", url.Values{"service": {f.Service}}, &list); err != nil {
		return Metrics{}, err
	}
	answer := Metrics{Metrics: []Metric{}}
	wanted := strings.ToLower(f.Text)
	for _, card := range list.Cards {
		for _, plot := range card.Plots {
			switch {
			case !strings.Contains(strings.ToLower(plot.Name+"\n"+plot.Title), wanted):
			case len(answer.Metrics) == f.Limit:
				answer.More++
			default:
				answer.Metrics = append(answer.Metrics, metricOf(plot, f.Points))
			}
		}
	}
	return answer, nil
}

func metricOf(p viewer.Plot, points int) Metric {
	m := Metric{Name: p.Name, Title: p.Title, Unit: p.Unit, Kind: p.Kind, Help: p.Help, Series: []Series{}, More: p.More}
	for _, l := range p.Lines {
		m.Series = append(m.Series, seriesOf(l, points))
	}
	return m
}

func seriesOf(l viewer.Line, points int) Series {
	s := Series{Service: l.Service, Labels: l.Labels}
	for i, p := range l.Points {
		if i == 0 {
			s.Min, s.Max = new(p[1]), new(p[1])
		}
		s.Newest, *s.Min, *s.Max = &p[1], min(*s.Min, p[1]), max(*s.Max, p[1])
		if len(l.Points)-i <= points {
			s.Points = append(s.Points, Point{at(p[0] * 1000), p[1]})
		}
	}
	return s
}
