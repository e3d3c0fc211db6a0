package httptrace

import (
	"encoding/hex"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

const (
	timingStart = `traceparent;desc="00-`
	traceDigits = 32
	spanDigits  = 16
)

// traceHeaders contains the values of the two response headers that contain the trace ID.
// Server-Timing has the form that NAIS documents for Faro. X-Trace-Id is for people who look at
// the response. A serverRequest contains its traceHeaders, so they need no separate allocation.
type traceHeaders [2]string

// set sets both headers in answer. sc is the span context of the server span. If exposed is true,
// a browser also allows scripts from other origins to read the headers.
func (h *traceHeaders) set(answer http.Header, sc trace.SpanContext, exposed bool) {
	if !sc.IsValid() || sc.IsRemote() {
		return
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
	answer["Server-Timing"] = h[0:1:1]
	answer["X-Trace-Id"] = h[1:2:2]
	if exposed {
		answer.Add("Access-Control-Expose-Headers", "Server-Timing, X-Trace-Id")
	}
}
