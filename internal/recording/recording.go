// Package recording keeps received telemetry in a file of OTLP/JSON lines, one
// export request a line, as the file exporter of the OpenTelemetry Collector
// writes it. [Writer] writes such a file and [Read] reads it back, also one
// that a Collector wrote.
//
// What a program wrote to stdout and stderr is recorded beside it, as log
// records of scope [OutputScope], since that is where NAIS reads logs.
package recording

import (
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Request is one line of a recording. Exactly one field is set.
type Request struct {
	Traces  *coltrace.ExportTraceServiceRequest
	Metrics *colmetrics.ExportMetricsServiceRequest
	Logs    *collogs.ExportLogsServiceRequest
}

// message returns the field that is set.
func (r Request) message() proto.Message {
	switch {
	case r.Traces != nil:
		return r.Traces
	case r.Metrics != nil:
		return r.Metrics
	default:
		return r.Logs
	}
}

func (r Request) clone() Request {
	switch {
	case r.Traces != nil:
		return Request{Traces: proto.CloneOf(r.Traces)}
	case r.Metrics != nil:
		return Request{Metrics: proto.CloneOf(r.Metrics)}
	default:
		return Request{Logs: proto.CloneOf(r.Logs)}
	}
}
