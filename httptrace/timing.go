package httptrace

import "encoding/hex"

const (
	timingStart = `traceparent;desc="00-`
	traceDigits = 32
	spanDigits  = 16
)

// tellTrace tells the browser which trace its request belongs to, in the form
// that NAIS documents for Faro, and people who look at the response.
func (c *serverRequest) tellTrace() {
	sc := c.span.SpanContext()
	if !sc.IsValid() || sc.IsRemote() {
		return
	}
	trace, span := sc.TraceID(), sc.SpanID()
	var room [len(timingStart) + traceDigits + 1 + spanDigits + len(`-01"`)]byte
	text := append(room[:0], timingStart...)
	text = hex.AppendEncode(text, trace[:])
	text = append(text, '-')
	text = hex.AppendEncode(text, span[:])
	if sc.IsSampled() {
		text = append(text, `-01"`...)
	} else {
		text = append(text, `-00"`...)
	}
	c.told[0] = string(text)
	c.told[1] = c.told[0][len(timingStart) : len(timingStart)+traceDigits]
	c.answer["Server-Timing"] = c.told[0:1:1]
	c.answer["X-Trace-Id"] = c.told[1:2:2]
	if c.request.Header["Origin"] != nil {
		c.answer.Add("Access-Control-Expose-Headers", "Server-Timing, X-Trace-Id")
	}
}
