// Package recording reads and writes recordings of telemetry. A recording is a file of
// OTLP/JSON lines with one export request per line, the format of the file exporter of the
// OpenTelemetry Collector. [Writer] writes a recording. [Read] reads recordings of a
// [Writer] or of a Collector.
//
// A recording also has the lines that a program wrote to stdout and stderr, because NAIS
// reads logs from there. Each line is a log record with the scope [OutputScope].
package recording

import (
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Request is an export request, which is one line of a recording. Exactly one field is
// not nil.
type Request struct {
	Traces  *coltrace.ExportTraceServiceRequest
	Metrics *colmetrics.ExportMetricsServiceRequest
	Logs    *collogs.ExportLogsServiceRequest
}

// message returns the field that is not nil.
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
