package crash

import (
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/privacy"
)

// report is what the text of a crash contains. A field that is not known is empty.
type report struct {
	cause     string
	errorType string
	stack     string
	traceID   string
	spanID    string
}

// parse reads the text that the Go runtime has written to a crash file. The text begins with
// the cause, and continues with the stacks of the goroutines. The first of them is the goroutine
// that crashed. The stack of the scheduler can come before it.
//
// If a text of the program contains a newline, the runtime writes a tab after the newline.
// Therefore a line without a tab is never a part of such a text, except for the first line.
func parse(text string) report {
	head, stacks := splitStacks(text)
	r := report{cause: causeOf(head), stack: text}
	if r.cause == "" {
		r.cause = causeOfFatal(head, stacks)
	}
	if len(head) > causeBytes && stacks != "" {
		r.stack = stacks
	}
	r.errorType = errorTypeOf(r.cause)
	if labels := crashedLabels(stacks); labels != nil {
		r.traceID, r.spanID = identity(labels)
	}
	return r
}

// attrs returns the attributes of the log line. Their values are masked and cut, because the
// program can have any logger.
func (r report) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("error", cleanCut(r.cause, causeBytes))}
	for _, field := range []struct{ key, value string }{{"error.type", r.errorType}, {"trace_id", r.traceID}, {"span_id", r.spanID}} {
		if field.value != "" {
			attrs = append(attrs, slog.String(field.key, field.value))
		}
	}
	return append(attrs, slog.String("stack_trace", cleanCut(r.stack, stackBytes)))
}

func cleanCut(text string, limit int) string {
	return clean.Text(privacy.CutBytes(text[:min(len(text), limit+privacy.Margin)], limit))
}

const schedulerStack = "runtime stack:"

// splitStacks splits text before the first line that starts a stack.
func splitStacks(text string) (head, stacks string) {
	rest := text
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		if line == schedulerStack || isHeader(line) {
			return text[:len(text)-len(rest)], rest
		}
		rest = after
	}
	return text, ""
}

// causeOf returns the cause that the runtime has written before the stacks. It leaves out the
// lines about registers and addresses, because they are different for each crash.
func causeOf(head string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(head), "\n") {
		if !strings.HasPrefix(line, "PC=") && !strings.HasPrefix(line, "[signal ") && !strings.HasPrefix(line, "runtime: sp=") {
			lines = append(lines, strings.TrimPrefix(line, "\t"))
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// identity returns the IDs of the span in the labels of a goroutine. The program has set these
// labels itself. A value that is not a valid ID is ignored.
func identity(labels map[string]string) (traceID, spanID string) {
	if _, err := trace.TraceIDFromHex(labels["trace_id"]); err == nil {
		traceID = labels["trace_id"]
	}
	if _, err := trace.SpanIDFromHex(labels["span_id"]); err == nil {
		spanID = labels["span_id"]
	}
	return traceID, spanID
}
