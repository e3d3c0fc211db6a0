package apm

import (
	"regexp"
	"slices"
	"strings"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/privacy"
)

// levels are the values that the severity filter of the Logs tab accepts.
var levels = []string{
	"error", "ERROR", "SEVERE", "warn", "WARN", "info", "INFO", "Information", "debug", "DEBUG", "trace", "TRACE",
}

var (
	// issueLevel matches the levels that the Issues tab treats as errors.
	issueLevel = regexp.MustCompile(`^(?i:error|fatal|critical)$`)
	// troubleLevel matches every level that a person would read as an error.
	troubleLevel = regexp.MustCompile(`(?i)err|fatal|crit|panic|severe|emerg|alert`)
	// plainPanic matches a line that the Go runtime writes when it reports a panic.
	plainPanic = regexp.MustCompile(`^(panic: |fatal error: |goroutine \d+ \[)`)
)

func (l *line) message() string { return l.field("message", "msg") }

func (l *line) isIssue() bool { return issueLevel.MatchString(l.field("level")) && l.message() != "" }

// The method shown returns the beginning of a line for display. Personal numbers and credentials
// are removed, and the text is cut to 40 bytes.
func (l *line) shown() string {
	text := privacy.Text(l.text)
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:37], "") + "..."
	}
	return text
}

func anyLines(s *service) answer {
	if len(s.lines)+len(s.records) == 0 {
		return no("no log lines")
	}
	return yes("%s", count(len(s.lines)+len(s.records), "log lines"))
}

func jsonLines(s *service) answer {
	var plain []*line
	for _, l := range s.lines {
		if l.fields == nil {
			plain = append(plain, l)
		}
	}
	if len(plain) > 0 {
		a := no("%d of %s in plain text (%s: %s)", len(plain), count(len(s.lines), "lines"), plain[0].stream, plain[0].shown())
		if plainPanic.MatchString(plain[0].text) {
			return a.cured(cureErrors)
		}
		return a
	}
	return yes("%s in JSON", count(len(s.lines), "lines"))
}

func exactLevels(s *service) answer {
	for _, l := range s.lines {
		if l.fields != nil && !slices.Contains(levels, l.field("level")) {
			return no("a line has level %q, which the Logs tab does not accept", l.field("level"))
		}
	}
	return answer{met: true}
}

func messages(s *service) answer {
	for _, l := range s.lines {
		if l.fields != nil && l.message() == "" {
			return no("a line has no message (%s)", l.shown())
		}
	}
	return answer{met: true}
}

func joinedLogs(s *service) answer {
	traces := map[string]bool{}
	for _, one := range s.spans {
		traces[one.trace] = true
	}
	joined, half, nested := 0, 0, 0
	for _, l := range s.lines {
		switch {
		case traces[l.field("trace_id", "traceId", "traceID")] && l.field("span_id", "spanId", "spanID") != "":
			joined++
		case l.field("trace_id", "traceId", "traceID") != "":
			half++
		case l.nested("trace_id", "traceId", "traceID"):
			nested++
		}
	}
	for _, r := range s.records {
		if traces[r.trace] {
			joined++
		}
	}
	switch {
	case joined > 0:
		return yes("%s with trace_id and span_id", count(joined, "lines"))
	case nested > 0:
		return no("trace_id is inside a group, where the platform does not read it")
	case half > 0:
		return no("trace_id without span_id, or of a trace that was not sent")
	}
	return no("none of %s has trace_id and span_id", count(len(s.lines), "lines"))
}

// hasTrouble reports whether something failed in the service. If so, the Issues tab should show
// an issue.
func hasTrouble(s *service) bool {
	return s.any(func(one *span) bool { return isEntry(one) && one.failed() }) ||
		slices.ContainsFunc(s.lines, func(l *line) bool {
			return troubleLevel.MatchString(l.field("level", "severity")) || plainPanic.MatchString(l.text)
		}) ||
		slices.ContainsFunc(s.records, isErrorRecord)
}

func isErrorRecord(r *record) bool {
	return r.GetSeverityNumber() >= logspb.SeverityNumber_SEVERITY_NUMBER_ERROR
}

func errorLines(s *service) answer {
	n := 0
	for _, l := range s.lines {
		switch level := l.field("level", "severity"); {
		case l.isIssue():
			n++
		case troubleLevel.MatchString(level):
			return no("a line has level %q, which the Issues tab does not read as an error", level)
		}
	}
	for _, r := range s.records {
		if isErrorRecord(r) {
			n++
		}
	}
	if n == 0 {
		return no("something failed, but no line has level error")
	}
	return yes("%s at level error", count(n, "lines"))
}

var digits = regexp.MustCompile(`[0-9]+`)

// stableMessages requires that errors of the same kind have the same message. Otherwise they do
// not become one issue.
func stableMessages(s *service) answer {
	forms := map[string]string{}
	for _, l := range s.lines {
		if !l.isIssue() {
			continue
		}
		message := l.message()
		form := digits.ReplaceAllString(uuid.ReplaceAllString(message, "#"), "#")
		if other, seen := forms[form]; seen && other != message || uuid.MatchString(message) || longDigits.MatchString(message) ||
			strings.Contains(message, privacy.Masked) || strings.Contains(message, "\ngoroutine ") {
			return no("message varies: %q", strings.ToValidUTF8(privacy.CutBytes(message, 60), ""))
		}
		forms[form] = message
	}
	return yes("%s", count(len(forms), "messages"))
}

// panicStacks requires that each panic is one log line that contains the stack. If the Go
// runtime prints a panic as plain text, each line of the text becomes a separate log entry.
func panicStacks(s *service) answer {
	stacks := 0
	for _, l := range s.lines {
		if l.fields == nil && plainPanic.MatchString(l.text) {
			return no("a panic is plain text on %s, so each of its lines is a separate log entry", l.stream)
		}
		if l.isIssue() && l.field("stack_trace", "stack") != "" {
			stacks++
		}
	}
	for _, r := range s.records {
		if r.attrs["exception.stacktrace"] != "" {
			stacks++
		}
	}
	if stacks == 0 && s.any(panicked) {
		return no("a span has recorded a panic, but no line has its stack_trace")
	}
	return yes("%s", count(stacks, "stacks"))
}

// panicked reports whether s has an exception event with a stack.
func panicked(s *span) bool {
	for _, e := range s.GetEvents() {
		if e.GetName() == "exception" && otlpattr.First(e.GetAttributes(), "exception.stacktrace") != "" {
			return true
		}
	}
	return false
}

// exportedExceptions checks the error records that were sent over OTLP. If there are any, at
// least one of them must have exception.type and exception.message.
func exportedExceptions(s *service) answer {
	errors := 0
	for _, r := range s.records {
		if !isErrorRecord(r) {
			continue
		}
		if errors++; r.attrs["exception.type"] != "" && r.attrs["exception.message"] != "" {
			return yes("exception.type over OTLP")
		}
	}
	if errors > 0 {
		return no("%s over OTLP without exception.type and exception.message", count(errors, "errors"))
	}
	return answer{met: true}
}

const teamMark = "TEAM_LOGS"

func (l *line) isTeam() bool {
	return l.fields != nil && strings.Contains(l.text, `"`+teamMark+`"`)
}

func (r *record) isTeam() bool { return r.attrs["marker"] == teamMark }

// isTeam reports whether s counts records that setup delivered to Team Logs.
func (s *series) isTeam() bool { return s.labels["otel_component_type"] == "team_logs" }

func (s *service) deliversTeamLogs() bool {
	return slices.ContainsFunc(s.series["otel_sdk_exporter_log_exported_total"], (*series).isTeam)
}

func hasTeamLogs(s *service) bool {
	return slices.ContainsFunc(s.lines, (*line).isTeam) || slices.ContainsFunc(s.records, (*record).isTeam) || s.deliversTeamLogs()
}

func teamLogsAlone(s *service) answer {
	switch {
	case slices.ContainsFunc(s.records, (*record).isTeam):
		return no("a record marked %s was sent over OTLP", teamMark)
	case slices.ContainsFunc(s.lines, (*line).isTeam):
		return no("a record marked %s is in the log", teamMark)
	}
	return yes("records were delivered to Team Logs alone")
}
