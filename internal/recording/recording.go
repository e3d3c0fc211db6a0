// Package recording reads and writes recordings of telemetry. A recording is a file with one
// export request per line, in OTLP/JSON. The file exporter of the OpenTelemetry Collector
// writes the same format. [Writer] writes a recording. [Read] reads a recording that a [Writer]
// or a Collector has written.
//
// A recording also contains the lines that a program wrote to stdout and stderr, because NAIS
// reads logs from these streams. Each line is a log record with the scope [OutputScope].
package recording

import (
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Request is an export request, which is one line of a recording. Exactly one of its fields
// is not nil.
type Request struct {
	Traces  *coltrace.ExportTraceServiceRequest
	Metrics *colmetrics.ExportMetricsServiceRequest
	Logs    *collogs.ExportLogsServiceRequest
}

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
