package query

import (
	"context"
	"net/url"

	"github.com/nais/spor/internal/viewer"
)

// A LogFilter selects log lines. The empty value of a field means any line.
type LogFilter struct {
	Service string `json:"service,omitempty" jsonschema:"only lines of the service NAME"`
	Level   string `json:"level,omitempty" jsonschema:"only lines of this LEVEL or a higher one: debug, info, warn or error"`
	Text    string `json:"text,omitempty" jsonschema:"only lines that contain all WORDS"`
	Trace   string `json:"trace_id,omitempty" jsonschema:"only lines of the trace with this ID"`
	Limit   int    `json:"limit,omitempty" jsonschema:"return at most the N newest lines (default 20)"`
}

// Logs is the answer to a [LogFilter]. The newest line is last.
type Logs struct {
	Logs []Log `json:"logs"`
	Left
}

// A Log is a line that a program wrote, or a log record that it sent over OTLP.
type Log struct {
	Time    string            `json:"time" jsonschema:"RFC 3339, UTC"`
	Level   string            `json:"level,omitempty" jsonschema:"debug, info, warn or error"`
	Service string            `json:"service"`
	Message string            `json:"message"`
	Trace   string            `json:"trace_id,omitempty"`
	Span    string            `json:"span_id,omitempty"`
	Source  string            `json:"source" jsonschema:"stdout, stderr or otlp"`
	Fields  map[string]string `json:"fields"`
	Stack   string            `json:"stack,omitempty"`
}

// Logs lists the log lines that match f.
func (s *Source) Logs(ctx context.Context, f LogFilter) (Logs, error) {
	switch f.Level {
	case "", "debug", "info", "warn", "error":
	default:
		return Logs{}, invalid("level %q (want debug, info, warn or error)", f.Level)
	}
	var list viewer.LogList
	if err := s.get(ctx, "logs", url.Values{
		"service": {f.Service}, "level": {f.Level}, "q": {f.Text}, "trace": {f.Trace}, "limit": limitOf(f.Limit, byDefault),
	}, &list); err != nil {
		return Logs{}, err
	}
	answer := Logs{Logs: []Log{}, Left: Left{list.Found - len(list.Logs), list.Dropped}}
	for _, l := range list.Logs {
		answer.Logs = append(answer.Logs, Log{
			Time: at(l.Time), Level: l.Level, Service: l.Service, Message: l.Message, Trace: l.Trace, Span: l.Span,
			Source: l.Source, Fields: mapOf(l.Fields), Stack: l.Stack,
		})
	}
	return answer, nil
}
