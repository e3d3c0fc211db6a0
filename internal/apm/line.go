package apm

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
)

type line struct {
	resource *resource
	stream   string
	text     string
	fields   map[string]any // nil if the line is not a JSON object

	continued bool // the next log record of the stream is a part of this line
}

// appendLine appends the line in a log record to lines. If the log record contains a further
// part of the previous line of the stream, appendLine adds the text to the previous line
// instead.
func appendLine(lines []*line, from *resource, l *logspb.LogRecord) []*line {
	attrs := otlpattr.Map(l.GetAttributes())
	stream := attrs[recording.StreamKey]
	continued := attrs[recording.ContinuedKey] == "true"
	text := otlpattr.Text(l.GetBody())
	for _, last := range slices.Backward(lines) {
		if last.stream != stream || last.resource.service != from.service {
			continue
		}
		if last.continued {
			last.text, last.continued = last.text+text, continued
			last.parse()
			return lines
		}
		break
	}
	if strings.TrimSpace(text) == "" {
		return lines
	}
	added := &line{resource: from, stream: stream, text: text, continued: continued}
	added.parse()
	return append(lines, added)
}

func (l *line) parse() {
	l.fields = nil
	_ = json.Unmarshal([]byte(l.text), &l.fields) // after an error, l is a line of plain text and not a JSON object
}

// The method field looks for the keys in their order. It returns the first value that is a string
// and not empty. If there is no such value, it returns "".
func (l *line) field(keys ...string) string {
	for _, key := range keys {
		if text, ok := l.fields[key].(string); ok && text != "" {
			return text
		}
	}
	return ""
}

// The method nested reports whether one of the keys is in an object inside the line, and not at
// the top level.
func (l *line) nested(keys ...string) bool {
	for _, value := range l.fields {
		if hasNested(value, keys) {
			return true
		}
	}
	return false
}

func hasNested(value any, keys []string) bool {
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for _, key := range keys {
		if _, found := object[key]; found {
			return true
		}
	}
	for _, inner := range object {
		if hasNested(inner, keys) {
			return true
		}
	}
	return false
}

type record struct {
	*logspb.LogRecord
	resource *resource
	attrs    map[string]string
	trace    string
}

func newRecord(from *resource, l *logspb.LogRecord) *record {
	return &record{LogRecord: l, resource: from, attrs: otlpattr.Map(l.GetAttributes()), trace: hex.EncodeToString(l.GetTraceId())}
}
