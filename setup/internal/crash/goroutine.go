package crash

import (
	"strconv"
	"strings"
)

// isHeader reports whether line is the first line of a goroutine's stack. These are examples:
//
//	goroutine 7 [running]:
//	goroutine 7 gp=0xc000002380 m=0 mp=0x5b3440 [running, locked to thread]:
//	goroutine 7 [running labels:{"trace_id": "0af7651916cd43dd8448eb211c80319c"}]:
//	goroutine 7 [running] {trace_id: 0af7651916cd43dd8448eb211c80319c}:
//
// Go 1.26 writes labels in the third form, and only with GODEBUG=tracebacklabels=1. Go 1.27 writes
// them in the last form if the go.mod file of the program requires Go 1.27.
func isHeader(line string) bool {
	rest, ok := strings.CutPrefix(line, "goroutine ")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' && strings.Contains(rest, " [") && strings.HasSuffix(rest, ":")
}

// header returns the first header of a goroutine in stacks.
func header(stacks string) string {
	for line := range strings.SplitSeq(stacks, "\n") {
		if isHeader(line) {
			return line
		}
	}
	return ""
}

// status returns the part of a header after the first bracket. It begins with the status of the
// goroutine.
func status(header string) string {
	_, status, _ := strings.Cut(header, " [")
	return status
}

// crashedLabels returns the labels of the first goroutine in stacks. If that goroutine was waiting,
// it did not crash, and the result is nil. A goroutine that crashed in C code has the status
// syscall.
func crashedLabels(stacks string) map[string]string {
	rest := status(header(stacks))
	if !strings.HasPrefix(rest, "running") && !strings.HasPrefix(rest, "syscall") {
		return nil
	}
	_, newer, isNewer := strings.Cut(rest, "] {")
	before, older, isOlder := strings.Cut(rest, " labels:{")
	switch {
	case isOlder && !strings.Contains(before, "]"):
		return parseLabels(older)
	case isNewer:
		return parseLabels(newer)
	}
	return nil
}

// parseLabels parses pairs of a key and a value, such as `job: "a b", trace_id: 0af7}`. It returns
// all pairs before the first one that is not valid.
func parseLabels(text string) map[string]string {
	labels := map[string]string{}
	for {
		key, rest, ok := parseLabel(text, ": ")
		if !ok {
			return labels
		}
		value, rest, ok := parseLabel(rest, ", ")
		if !ok {
			if value, _, ok = parseLabel(rest, "}"); ok {
				labels[key] = value
			}
			return labels
		}
		labels[key], text = value, rest
	}
}

// parseLabel returns the key or the value at the start of text, and the text after end. If the key
// or the value is not followed by end, ok is false, and rest is text.
func parseLabel(text, end string) (label, rest string, ok bool) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		if rest, ok = strings.CutPrefix(text[len(quoted):], end); ok {
			label, err = strconv.Unquote(quoted)
			return label, rest, err == nil
		}
		return "", text, false
	}
	if label, rest, ok = strings.Cut(text, end); ok && !strings.ContainsAny(label, `,}"`) {
		return label, rest, true
	}
	return "", text, false
}
