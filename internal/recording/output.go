package recording

import (
	"strings"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/otlpattr"
)

// These names mark the log records that are lines of a program's output.
const (
	// OutputScope is the name of their instrumentation scope.
	OutputScope = "spor.stdout"
	// StreamKey is the attribute with the stream of the line: [Stdout] or [Stderr].
	StreamKey = "log.iostream"
	// ContinuedKey is an attribute with the value true. A record has it if the line was too
	// long and the next record of the same stream continues it.
	ContinuedKey = "spor.line.continued"
)

// The values of [StreamKey].
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// A Line is a line, or a part of a long line, that a program wrote.
type Line struct {
	Stream    string    // Stdout or Stderr
	Text      string    // without the newline
	Continued bool      // the next Line of the stream continues this line
	Time      time.Time // when spor read the line
}

// Request returns a request with the line as one log record of resource. It replaces bytes
// that are not UTF-8 by U+FFFD.
func (l Line) Request(resource *resourcepb.Resource) Request {
	at := uint64(l.Time.UnixNano())
	record := &logspb.LogRecord{
		TimeUnixNano:         at,
		ObservedTimeUnixNano: at,
		Body:                 otlpattr.StringValue(strings.ToValidUTF8(l.Text, "\uFFFD")),
		Attributes:           []*commonpb.KeyValue{otlpattr.String(StreamKey, l.Stream)},
	}
	if l.Continued {
		record.Attributes = append(record.Attributes, &commonpb.KeyValue{
			Key: ContinuedKey, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}},
		})
	}
	return Request{Logs: &collogs.ExportLogsServiceRequest{
		ResourceLogs: []*logspb.ResourceLogs{{
			Resource: resource,
			ScopeLogs: []*logspb.ScopeLogs{{
				Scope:      &commonpb.InstrumentationScope{Name: OutputScope},
				LogRecords: []*logspb.LogRecord{record},
			}},
		}},
	}}
}
