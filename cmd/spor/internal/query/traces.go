package query

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/nais/spor/internal/viewer"
)

// A TraceFilter selects traces. The empty value of a field means any trace. In the tags, the word
// in capitals stands for the value.
type TraceFilter struct {
	Service  string `json:"service,omitempty" jsonschema:"only traces with a span of the service NAME"`
	Route    string `json:"route,omitempty" jsonschema:"only traces with a span whose HTTP route or RPC method contains TEXT"`
	Kind     string `json:"kind,omitempty" jsonschema:"only traces with a span of this KIND: server, client, producer, consumer or internal"`
	Status   string `json:"status,omitempty" jsonschema:"only traces with this STATUS: error (a span has failed) or ok"`
	Duration string `json:"min_duration,omitempty" jsonschema:"only traces that took at least TIME, for example 100ms"`
	Text     string `json:"text,omitempty" jsonschema:"only traces that contain all WORDS in a name or an attribute"`
	Slowest  bool   `json:"slowest,omitempty" jsonschema:"the slowest trace comes first, not the newest"`
	Limit    int    `json:"limit,omitempty" jsonschema:"return at most N traces (default 20)"`
}

// Traces is the answer to a [TraceFilter].
type Traces struct {
	Traces []TraceSummary `json:"traces"`
	Left
}

// Left says what an answer does not contain.
type Left struct {
	More    int `json:"more" jsonschema:"number of further matches that the limit leaves out"`
	Dropped int `json:"dropped,omitempty" jsonschema:"number of older items that spor no longer has"`
}

// A TraceSummary describes a trace. Name, Service, Kind and StatusCode are those of its root span.
type TraceSummary struct {
	ID         string   `json:"trace_id"`
	Name       string   `json:"name"`
	Service    string   `json:"service"`
	Services   []string `json:"services"`
	Kind       string   `json:"kind,omitempty"`
	StatusCode string   `json:"status_code,omitempty" jsonschema:"HTTP or gRPC status code"`
	Start      string   `json:"start" jsonschema:"RFC 3339, UTC"`
	Duration   float64  `json:"duration_ms"`
	Spans      int      `json:"spans" jsonschema:"number of spans"`
	Errors     int      `json:"errors" jsonschema:"number of failed spans"`
}

const (
	byDefault      = 20
	spansByDefault = 100
)

// Traces lists the traces that match f.
func (s *Source) Traces(ctx context.Context, f TraceFilter) (Traces, error) {
	values := url.Values{
		"service": {f.Service}, "route": {f.Route}, "kind": {f.Kind}, "status": {f.Status}, "min": {f.Duration}, "q": {f.Text},
		"limit": limitOf(f.Limit, byDefault),
	}
	if f.Slowest {
		values.Set("sort", "slowest")
	}
	var list viewer.List
	if err := s.get(ctx, "traces", values, &list); err != nil {
		return Traces{}, err
	}
	answer := Traces{Traces: []TraceSummary{}, Left: Left{list.Found - len(list.Traces), list.Dropped}}
	for _, t := range list.Traces {
		answer.Traces = append(answer.Traces, summaryOf(t))
	}
	return answer, nil
}

func summaryOf(t viewer.Summary) TraceSummary {
	return TraceSummary{
		ID: t.ID, Name: t.Name, Service: t.Service, Services: append([]string{}, t.Services...), Kind: t.Kind, StatusCode: t.Status,
		Start: at(t.Start), Duration: millis(t.Duration), Spans: t.Spans, Errors: t.Errors,
	}
}

// limitOf returns the parameter for a limit. The limit 0 means the default.
func limitOf(limit, byDefault int) []string {
	if limit == 0 {
		limit = byDefault
	}
	return []string{strconv.Itoa(limit)}
}

// The function at converts Unix ms to a text.
func at(ms float64) string {
	return time.UnixMicro(int64(ms * 1000)).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// The function millis converts ns to ms, and keeps µs.
func millis(ns int64) float64 { return float64(ns/1000) / 1000 }
