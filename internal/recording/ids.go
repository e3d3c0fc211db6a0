package recording

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

// OTLP/JSON is the JSON mapping of Protocol Buffers with one exception: trace IDs and span IDs
// are written in hexadecimal, not in base64. Package protojson writes and reads only base64. So
// this package converts the IDs before protojson writes them and after protojson has read them.
// This is possible because every hex digit is also a base64 digit:
//
//   - Before writing, the hex form of an ID is decoded as if it were base64. The result
//     replaces the ID. protojson encodes the result as base64, and so it writes the hex form.
//   - When reading, protojson decodes the hex form as if it were base64. Afterwards the result
//     is encoded as base64. This gives the hex form again, which is then decoded to the ID.

const (
	traceIDBytes = 16
	spanIDBytes  = 8
)

// hexToPrint returns bytes for id. If protojson writes these bytes, it writes the hex form of
// id.
func hexToPrint(id []byte, size int) ([]byte, error) {
	if len(id) == 0 {
		return nil, nil
	}
	if len(id) != size {
		return nil, fmt.Errorf("%s ID of %d bytes (want %d)", idName(size), len(id), size)
	}
	return base64.StdEncoding.DecodeString(hex.EncodeToString(id))
}

// hexFromPrint restores an ID from the bytes in the parameter printed. protojson made these
// bytes from the hex form of the ID, because it takes every text of a bytes field for base64.
func hexFromPrint(printed []byte, size int) ([]byte, error) {
	if len(printed) == 0 {
		return nil, nil
	}
	text := base64.StdEncoding.EncodeToString(printed)
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != size {
		return nil, fmt.Errorf("%s ID %.40q (want %d hex digits)", idName(size), text, 2*size)
	}
	return id, nil
}

func idName(size int) string {
	if size == traceIDBytes {
		return "trace"
	}
	return "span"
}

func (r Request) convert(f func(id []byte, size int) ([]byte, error)) error {
	c := converter{f: f}
	switch {
	case r.Traces != nil:
		c.traces(r)
	case r.Metrics != nil:
		c.metrics(r)
	default:
		c.logs(r)
	}
	return c.err
}

// A converter replaces IDs with the result of f. After the first error it does nothing.
type converter struct {
	f   func(id []byte, size int) ([]byte, error)
	err error
}

func (c *converter) traceID(id *[]byte) { c.id(id, traceIDBytes) }
func (c *converter) spanID(id *[]byte)  { c.id(id, spanIDBytes) }

func (c *converter) id(id *[]byte, size int) {
	if c.err == nil {
		*id, c.err = c.f(*id, size)
	}
}

func (c *converter) traces(r Request) {
	for _, resource := range r.Traces.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.traceID(&span.TraceId)
				c.spanID(&span.SpanId)
				c.spanID(&span.ParentSpanId)
				for _, link := range span.GetLinks() {
					c.traceID(&link.TraceId)
					c.spanID(&link.SpanId)
				}
			}
		}
	}
}

func (c *converter) logs(r Request) {
	for _, resource := range r.Logs.GetResourceLogs() {
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				c.traceID(&record.TraceId)
				c.spanID(&record.SpanId)
			}
		}
	}
}

func (c *converter) metrics(r Request) {
	for _, resource := range r.Metrics.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				c.metric(metric)
			}
		}
	}
}

// metric converts the IDs in the exemplars of m. A summary has no exemplars.
func (c *converter) metric(m *metricspb.Metric) {
	for _, p := range m.GetGauge().GetDataPoints() {
		c.exemplars(p.GetExemplars())
	}
	for _, p := range m.GetSum().GetDataPoints() {
		c.exemplars(p.GetExemplars())
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		c.exemplars(p.GetExemplars())
	}
	for _, p := range m.GetExponentialHistogram().GetDataPoints() {
		c.exemplars(p.GetExemplars())
	}
}

func (c *converter) exemplars(exemplars []*metricspb.Exemplar) {
	for _, e := range exemplars {
		c.traceID(&e.TraceId)
		c.spanID(&e.SpanId)
	}
}
