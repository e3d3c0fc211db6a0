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

// What marks the log records that stand for lines of a program's output.
const (
	// OutputScope is their scope.
	OutputScope = "spor.stdout"
	// StreamKey is the attribute that tells which of the two a line was
	// written to, Stdout or Stderr.
	StreamKey = "log.iostream"
	// ContinuedKey is the attribute, true, of a record that ends where a line
	// was cut for its length; the next record of that stream goes on.
	ContinuedKey = "spor.line.continued"
)

// The values of [StreamKey].
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// A Line is a line that a program wrote.
type Line struct {
	Stream    string // Stdout or Stderr
	Text      string // without the newline
	Continued bool   // cut for its length; the next Line of the stream goes on
	Time      time.Time
}

// Request returns the line as a log record of resource. Bytes that are not
// UTF-8 become U+FFFD.
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
