package viewer

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// logs contains the log records of the store, in the order in which they arrived.
type logs struct {
	kept    []*logRecord
	bytes   int
	byTrace map[tracetree.ID]int // the number of records per trace
}

// A logRecord is a log record together with the values that searches and pages need.
type logRecord struct {
	*logspb.LogRecord
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	trace    tracetree.ID
	span     tracetree.SpanID
	at       uint64 // Unix ns
	level    string // "error", "warn", "info", "debug" or ""
	message  string
	stack    string
	source   string // "stdout", "stderr" or "otlp"
	fields   []Attribute
	text     string // message and fields in lower case; searches use it
	bytes    int    // estimated memory
}

func newLog(record *logspb.LogRecord, resource *resourcepb.Resource, scope *commonpb.InstrumentationScope) *logRecord {
	l := &logRecord{LogRecord: record, resource: resource, scope: scope}
	l.at = cmp.Or(record.GetTimeUnixNano(), record.GetObservedTimeUnixNano())
	l.message = otlpattr.Text(record.GetBody())
	l.level = levelOf(cmp.Or(record.GetSeverityText(), severityName(record.GetSeverityNumber())))
	l.source = "otlp"
	if len(record.GetTraceId()) == len(l.trace) {
		l.trace = tracetree.ID(record.GetTraceId())
	}
	if len(record.GetSpanId()) == len(l.span) {
		l.span = tracetree.SpanID(record.GetSpanId())
	}
	l.stack = otlpattr.First(record.GetAttributes(), "exception.stacktrace")
	l.fields = plain(record.GetAttributes())
	if scope.GetName() == recording.OutputScope {
		l.source = cmp.Or(otlpattr.First(record.GetAttributes(), recording.StreamKey), recording.Stdout)
		l.fields = nil
		l.readLine()
	}
	var text strings.Builder
	text.WriteString(strings.ToLower(l.message[:min(len(l.message), longestLine)]))
	for _, f := range l.fields {
		text.WriteString("\n" + strings.ToLower(f.Key+"="+f.Value[:min(len(f.Value), longestLine)]))
	}
	l.text = text.String()
	const record0 = 600 // estimated bytes of a record, without the texts in it
	l.bytes = record0 + 3*proto.Size(record) + len(l.text)
	return l
}

// If the output line in l.message is a JSON object, readLine parses the line in the same way as
// NAIS. It sets the level, the message, the time, the IDs and the stack from the fields of the
// object.
func (l *logRecord) readLine() {
	if !strings.HasPrefix(l.message, "{") {
		return
	}
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(l.message))
	decoder.UseNumber()
	if decoder.Decode(&object) != nil {
		return
	}
	take := func(keys ...string) string {
		for _, key := range keys {
			if value, ok := object[key].(string); ok {
				delete(object, key)
				return value
			}
		}
		return ""
	}
	l.message = take("message", "msg")
	l.level = levelOf(take("level", "severity"))
	l.stack = take("stack_trace", "stack", "stacktrace")
	if id, ok := parseTraceID(take("trace_id", "traceId", "traceID")); ok {
		l.trace = id
	}
	if id, ok := parseSpanID(take("span_id", "spanId", "spanID")); ok {
		l.span = id
	}
	if at, err := time.Parse(time.RFC3339Nano, take("time", "@timestamp", "timestamp")); err == nil && at.UnixNano() > 0 {
		l.at = uint64(at.UnixNano()) //nolint:gosec // positive
	}
	for key, value := range object {
		field := Attribute{Key: key, Type: "json"}
		switch v := value.(type) {
		case string:
			field.Value, field.Type = v, "string"
		default:
			text, _ := json.Marshal(v)
			field.Value = string(text)
		}
		l.fields = append(l.fields, field)
	}
	slices.SortFunc(l.fields, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
}

// The method show converts the record to the form that a page shows. t is the trace of the
// record. If the trace is not in the store, t is nil.
func (l *logRecord) show(t *trace) Log {
	shown := Log{
		Time: millis(l.at), Level: l.level, Message: l.message, Source: l.source, Stack: l.stack, Fields: l.fields,
		Service: l.service(),
	}
	if shown.Fields == nil {
		shown.Fields = []Attribute{}
	}
	if l.trace != (tracetree.ID{}) {
		shown.Trace = l.trace.String()
	}
	if t != nil {
		shown.Here = true
		shown.Offset = elapsed(t.start, l.at)
	}
	if l.span != (tracetree.SpanID{}) {
		shown.Span = l.span.String()
	}
	return shown
}

func (l *logRecord) service() string { return (&tracetree.Span{Resource: l.resource}).Service() }

func severityName(n logspb.SeverityNumber) string {
	switch {
	case n >= logspb.SeverityNumber_SEVERITY_NUMBER_ERROR:
		return "error"
	case n >= logspb.SeverityNumber_SEVERITY_NUMBER_WARN:
		return "warn"
	case n >= logspb.SeverityNumber_SEVERITY_NUMBER_INFO:
		return "info"
	case n > logspb.SeverityNumber_SEVERITY_NUMBER_UNSPECIFIED:
		return "debug"
	default:
		return ""
	}
}

// levelOf converts the name of a level to "error", "warn", "info" or "debug". It returns "" for
// an unknown name.
func levelOf(text string) string {
	text = strings.ToLower(text)
	for _, level := range []struct {
		name     string
		prefixes []string
	}{
		{"error", []string{"err", "fatal", "crit", "sev", "panic", "alert", "emerg"}},
		{"warn", []string{"warn"}},
		{"info", []string{"info", "notice"}},
		{"debug", []string{"debug", "trace", "fine"}},
	} {
		for _, prefix := range level.prefixes {
			if strings.HasPrefix(text, prefix) {
				return level.name
			}
		}
	}
	return ""
}

func (l *logs) add(r *logRecord) {
	l.kept = append(l.kept, r)
	l.bytes += r.bytes
	if r.trace != (tracetree.ID{}) {
		l.byTrace[r.trace]++
	}
}

// The method trim drops the oldest records. Afterwards there are at most the given number of
// records, and together they use at most size bytes. trim returns the number of dropped records.
func (l *logs) trim(records, size int) int {
	n := 0
	for len(l.kept)-n > records || l.bytes > size && n < len(l.kept) {
		r := l.kept[n]
		l.kept[n] = nil
		l.bytes -= r.bytes
		if l.byTrace[r.trace]--; l.byTrace[r.trace] <= 0 {
			delete(l.byTrace, r.trace)
		}
		n++
	}
	l.kept = l.kept[n:]
	return n
}

func (l *logs) countBySpan(id tracetree.ID) map[tracetree.SpanID]int {
	counts := map[tracetree.SpanID]int{}
	for _, r := range l.ofTrace(id) {
		counts[r.span]++
	}
	return counts
}

func (l *logs) ofTrace(id tracetree.ID) []*logRecord {
	if l.byTrace[id] == 0 {
		return nil
	}
	var found []*logRecord
	for _, r := range l.kept {
		if r.trace == id {
			found = append(found, r)
		}
	}
	return found
}

// The method find returns the records that match q, sorted by time.
func (l *logs) find(q LogQuery) []*logRecord {
	candidates := l.kept
	if q.Trace != (tracetree.ID{}) {
		candidates = l.ofTrace(q.Trace)
	}
	var found []*logRecord
	for _, r := range candidates {
		if q.match(r) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b *logRecord) int { return cmp.Compare(a.at, b.at) })
	return found
}

// A LogQuery selects log records.
type LogQuery struct {
	Service string       // "" means any service
	Trace   tracetree.ID // the zero ID means any trace
	Since   time.Time    // the earliest time of a record; the zero time means any time
	Level   string       // the minimum level: "debug", "info", "warn" or "error"; "" means any level
	Words   []string     // words in lower case; a record must contain all of them
	Limit   int          // the maximum number of records in the result
}

var levels = []string{"debug", "info", "warn", "error"}

// A Log is a log record in the form that a page shows.
type Log struct {
	Time    float64     `json:"time"` // Unix ms
	Level   string      `json:"level"`
	Message string      `json:"message"`
	Service string      `json:"service"`
	Source  string      `json:"source"`
	Trace   string      `json:"trace,omitempty"`
	Span    string      `json:"span,omitempty"`
	Here    bool        `json:"here,omitempty"` // true if the trace is in the store
	Offset  int64       `json:"offset"`         // ns since the start of the trace
	Stack   string      `json:"stack,omitempty"`
	Fields  []Attribute `json:"fields"`
}

// LogList is the result of a [LogQuery].
type LogList struct {
	Revision uint64 `json:"revision"`
	Found    int    `json:"found"`   // number of records that match, including records that Limit leaves out
	Dropped  int    `json:"dropped"` // number of older records that the store has dropped
	Logs     []Log  `json:"logs"`    // the newest records that match, sorted by time
}

func (q *LogQuery) match(r *logRecord) bool {
	if r.at < nanos(q.Since) || q.Service != "" && r.service() != q.Service {
		return false
	}
	if q.Level != "" && slices.Index(levels, r.level) < slices.Index(levels, q.Level) {
		return false
	}
	for _, word := range q.Words {
		if !strings.Contains(r.text, word) {
			return false
		}
	}
	return true
}
