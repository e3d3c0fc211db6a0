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

// A log record with these names is a line of a program's output.
const (
	// OutputScope is the instrumentation scope of these log records.
	OutputScope = "spor.stdout"
	// StreamKey is the attribute that contains the stream of the line: [Stdout] or [Stderr].
	StreamKey = "log.iostream"
	// ContinuedKey is an attribute with the value true. A record has this attribute if the line
	// was too long for one record. The next record of the same stream then contains the next
	// part of the line.
	ContinuedKey = "spor.line.continued"
)

// The possible values of [StreamKey].
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// A Line is a line that a program wrote. If the line is long, a Line is only a part of it.
type Line struct {
	Stream    string    // Stdout or Stderr
	Text      string    // the text without the newline
	Continued bool      // the next Line of the same stream contains the next part
	Time      time.Time // the time when spor read the line
}

// Request returns a request that contains the line as one log record. resource is the resource
// of the log record. Bytes that are not valid UTF-8 are replaced with U+FFFD.
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
