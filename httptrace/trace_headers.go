package httptrace

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

const (
	timingStart = `traceparent;desc="00-`
	traceDigits = 32
	spanDigits  = 16

	serverTiming  = "Server-Timing"
	traceIDHeader = "X-Trace-Id"
	exposeHeaders = "Access-Control-Expose-Headers"
	exposed       = serverTiming + ", " + traceIDHeader
)

// traceHeaders contains the values of the two response headers that contain the trace ID.
// Server-Timing has the form that NAIS documents for Faro. X-Trace-Id is for people who look at
// the response. A response contains its traceHeaders, so they need no separate allocation.
type traceHeaders [2]string

// fill sets the values for the server span whose span context is sc. If there is no such span, fill
// returns false.
func (h *traceHeaders) fill(sc trace.SpanContext) bool {
	if !sc.IsValid() || sc.IsRemote() {
		return false
	}
	traceID, spanID := sc.TraceID(), sc.SpanID()
	var room [len(timingStart) + traceDigits + 1 + spanDigits + len(`-01"`)]byte
	text := append(room[:0], timingStart...)
	text = hex.AppendEncode(text, traceID[:])
	text = append(text, '-')
	text = hex.AppendEncode(text, spanID[:])
	if sc.IsSampled() {
		text = append(text, `-01"`...)
	} else {
		text = append(text, `-00"`...)
	}
	h[0] = string(text)
	h[1] = h[0][len(timingStart) : len(timingStart)+traceDigits]
	return true
}

// add adds the headers to answer. If other middleware has set X-Trace-Id before, add keeps its
// value. If browser is true, a browser also allows scripts from other origins to read the headers.
func (h *traceHeaders) add(answer http.Header, browser bool) {
	if others := answer[serverTiming]; len(others) > 0 {
		answer[serverTiming] = append(slices.Clip(others), h[0])
	} else {
		answer[serverTiming] = h[0:1:1]
	}
	if len(answer[traceIDHeader]) == 0 {
		answer[traceIDHeader] = h[1:2:2]
	}
	if browser {
		answer.Add(exposeHeaders, exposed)
	}
}

// unify makes sure that answer contains each value of h once. The handler may have replaced
// Server-Timing. A reverse proxy appends the headers of the server behind it, which may also be
// traced. If the handler has deleted Server-Timing, unify does not add it again.
func (h *traceHeaders) unify(answer http.Header) {
	if timing := answer[serverTiming]; len(timing) > 1 || len(timing) == 1 && timing[0] != h[0] {
		answer[serverTiming] = h.onlyTraceparent(timing)
	}
	if ids := answer[traceIDHeader]; len(ids) > 1 {
		answer[traceIDHeader] = once(ids, h[1])
	}
	if names := answer[exposeHeaders]; len(names) > 1 {
		answer[exposeHeaders] = once(names, exposed)
	}
}

// onlyTraceparent returns the values of Server-Timing in which the traceparent of h is the only one.
func (h *traceHeaders) onlyTraceparent(timing []string) []string {
	kept := make([]string, 0, len(timing)+1)
	for _, value := range timing {
		if value = withoutTraceparent(value); value != "" {
			kept = append(kept, value)
		}
	}
	return append(kept, h[0])
}

// withoutTraceparent returns a value of Server-Timing without the member traceparent.
func withoutTraceparent(value string) string {
	before, after, found := strings.Cut(value, timingStart)
	if !found {
		return value
	}
	_, after, _ = strings.Cut(after, `"`)
	before, after = strings.TrimRight(before, ", \t"), strings.TrimLeft(after, ", \t")
	if before != "" && after != "" {
		return before + ", " + after
	}
	return before + after
}

// once returns values without the repetitions of value.
func once(values []string, value string) []string {
	found := false
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		again := found && v == value
		found = found || v == value
		return again
	})
}
