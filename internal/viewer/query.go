package viewer

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// A Query selects traces. A trace matches if all of these are true:
//
//   - One of its spans has the service, the kind, the route and the operation of the query. If
//     Status is "error", this span has also failed.
//   - If Status is "ok", none of its spans has failed.
//   - The whole trace took at least MinDuration, and ended at or after Since.
//   - The names and attributes of the trace contain each of the words.
type Query struct {
	Service, Route string                // Route is a part of the route; "" in either field means any
	Operation      string                // the name of a server or consumer span; "" means any
	Kind           tracepb.Span_SpanKind // 0 means any
	Status         string                // "error", "ok", or "" for any
	MinDuration    time.Duration
	Since          time.Time // the zero time means any; ParseQuery does not set it
	Words          []string  // in lower case
	Slowest        bool      // the longest trace is first; otherwise the newest trace is first
	Limit          int       // the maximum number of traces in the result
}

const (
	defaultLimit = 200
	maxLimit     = 100_000
)

// ParseQuery parses the parameters in the address of a page. The default limit is 200 traces,
// and the maximum limit is 100,000 traces.
func ParseQuery(values url.Values) (Query, error) {
	q := Query{
		Service:   values.Get("service"),
		Route:     strings.ToLower(values.Get("route")),
		Operation: values.Get("operation"),
		Status:    values.Get("status"),
		Words:     strings.Fields(strings.ToLower(values.Get("q"))),
		Slowest:   values.Get("sort") == "slowest",
		Limit:     defaultLimit,
	}
	if kind := values.Get("kind"); kind != "" {
		number, ok := tracepb.Span_SpanKind_value["SPAN_KIND_"+strings.ToUpper(kind)]
		if !ok {
			return q, fmt.Errorf("kind %q (want server, client, producer, consumer or internal)", kind)
		}
		q.Kind = tracepb.Span_SpanKind(number)
	}
	if q.Status != "" && q.Status != "error" && q.Status != "ok" {
		return q, fmt.Errorf("status %q (want error or ok)", q.Status)
	}
	var err error
	if q.MinDuration, err = parseDuration(values.Get("min")); err != nil {
		return q, err
	}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 0 {
			return q, fmt.Errorf("limit %q (want a number)", text)
		}
		q.Limit = min(limit, maxLimit)
	}
	return q, nil
}

// parseDuration parses a duration such as 1.5s. If the text has no unit, it is a number of
// milliseconds. If the text is empty, the result is 0.
func parseDuration(text string) (time.Duration, error) {
	text = strings.ReplaceAll(text, " ", "")
	if text == "" {
		return 0, nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "ms"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("duration %q (want a number of ms, or one with a unit: 20ms, 1.5s)", text)
	}
	return d, nil
}

// The method find returns the traces that match q. q also says how they are sorted.
func (q *Query) find(traces map[tracetree.ID]*trace) []*trace {
	var found []*trace
	for _, t := range traces {
		if q.match(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *trace) int {
		order := 0
		if q.Slowest {
			order = cmp.Compare(b.duration(), a.duration())
		}
		return cmp.Or(order, cmp.Compare(b.start, a.start), bytes.Compare(a.id[:], b.id[:]))
	})
	return found
}

func (q *Query) match(t *trace) bool {
	if t.duration() < int64(q.MinDuration) || t.end < nanos(q.Since) || !q.matchFacts(t) {
		return false
	}
	for _, word := range q.Words {
		if !bytes.Contains(t.text, []byte(word)) {
			return false
		}
	}
	return true
}

func (q *Query) matchFacts(t *trace) bool {
	if q.Status == "ok" && t.errors > 0 {
		return false
	}
	if q.Service == "" && q.Route == "" && q.Operation == "" && q.Kind == 0 && q.Status != "error" {
		return true
	}
	for f := range t.facts {
		if (q.Service == "" || q.Service == f.service) &&
			(q.Kind == 0 || q.Kind == f.kind) &&
			(q.Status != "error" || f.failed) &&
			(q.Operation == "" || q.Operation == f.operation) &&
			(q.Route == "" || strings.Contains(strings.ToLower(f.route), q.Route)) {
			return true
		}
	}
	return false
}

// A List is the result of a [Query].
type List struct {
	Revision uint64    `json:"revision"`
	Found    int       `json:"found"`   // number of traces that match, including traces that Limit leaves out
	Dropped  int       `json:"dropped"` // number of older traces that the store has dropped
	Longest  int64     `json:"longest"` // duration of the longest trace that matches, in ns
	Traces   []Summary `json:"traces"`
}

// A Summary describes a trace in a list. Name, Service, Kind and Status come from the root span
// of the trace.
type Summary struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Service  string   `json:"service"`
	Services []string `json:"services"` // all services; the service of the root span is first
	Kind     string   `json:"kind"`
	Status   string   `json:"status,omitempty"` // HTTP or gRPC status code
	Start    float64  `json:"start"`            // Unix ms
	Duration int64    `json:"duration"`         // ns
	Spans    int      `json:"spans"`
	Errors   int      `json:"errors,omitempty"`
	Dropped  int      `json:"dropped,omitempty"`
}

// The function millis converts Unix ns to Unix ms, because a JavaScript number cannot hold Unix
// ns exactly.
func millis(ns uint64) float64 { return float64(ns/1000) / 1000 }

// Facets are the values that a user can choose in the filters of a page.
type Facets struct {
	Services []string `json:"services"`
	Routes   []string `json:"routes"`
}

const maxFacets = 500

func facetsOf(traces map[tracetree.ID]*trace) Facets {
	services, routes := map[string]struct{}{}, map[string]struct{}{}
	for _, t := range traces {
		for f := range t.facts {
			if f.service != "" {
				services[f.service] = struct{}{}
			}
			if f.route != "" {
				routes[f.route] = struct{}{}
			}
		}
	}
	some := func(set map[string]struct{}) []string {
		all := append([]string{}, slices.Sorted(maps.Keys(set))...)
		return all[:min(len(all), maxFacets)]
	}
	return Facets{Services: some(services), Routes: some(routes)}
}
