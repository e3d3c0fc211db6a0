package privacy

import "bytes"

const maskedNumber = "99999999999"

// Line is like [Text]. Its argument is a line of JSON, such as a log record. The line is still
// valid JSON afterwards. If a personal number is not in a string, it becomes 99999999999. Line
// may change the bytes of its argument, so use only the slice that it returns.
func (n *Names) Line(line []byte) []byte {
	line = redactLine(redactSecrets(line, true, n), n)
	if start, end := nextPlain(line, 0); start >= 0 {
		line = maskLine(line, start, end, nextPlain)
	}
	line = maskShort(line)
	var e escapes[[]byte]
	if start, end := e.next(line, 0); start >= 0 {
		line = maskLine(line, start, end, e.next)
	}
	return line
}

// maskLine masks the number b[start:end]. It also calls the function next to find every later
// number, and masks these numbers. It does not mask a number if isEscape or countsAt returns
// true for the number. maskLine changes b in place. This is possible because a mask is never
// longer than the number that it replaces.
func maskLine(b []byte, start, end int, next func(b []byte, from int) (start, end int)) []byte {
	var in jsonString
	out, from := b[:0], 0
	for ; start >= 0; start, end = next(b, end) {
		mask := maskedNumber
		switch {
		case isEscape(b[from:], start-from):
			continue
		case in.at(b, start):
			mask = Masked
		case countsAt(b, start), hasFraction(b, end):
			continue
		}
		out = append(append(out, b[from:start]...), mask...)
		in.pos, from = end, end // the bytes before end may be overwritten
	}
	return append(out, b[from:]...)
}

// isEscape reports whether the digits at i belong to a \u escape in a JSON string. [Mask] masks
// such digits, because a backslash does not always begin an escape in text that is not JSON.
func isEscape(b []byte, i int) bool {
	if i < 2 || b[i-1] != 'u' || b[i-2] != '\\' {
		return false
	}
	run := bytes.TrimRight(b[:i-1], `\`)
	return (i-1-len(run))%2 == 1
}

// jsonString finds out whether an index in JSON text is inside a string.
type jsonString struct {
	pos    int
	inside bool
}

// The method at reports whether b[i] is inside a string. It continues where the previous call
// ended, so i must not be smaller than in the previous call.
func (j *jsonString) at(b []byte, i int) bool {
	for ; j.pos < i; j.pos++ {
		switch b[j.pos] {
		case '"':
			j.inside = !j.inside
		case '\\':
			j.pos++
		}
	}
	return j.inside
}

func redactLine(line []byte, n *Names) []byte {
	if !mayHaveURL(line) {
		return line
	}
	var out []byte
	done := 0
	for start, end := nextURL(line, 0); start >= 0; start, end = nextURL(line, end) {
		before := max(start-1, 0)
		url := string(line[before:end])
		if redacted := redactFound(url, start-before, len(url), n); redacted != url[start-before:] {
			out = append(append(out, line[done:start]...), redacted...)
			done = end
		}
	}
	if done == 0 {
		return line
	}
	return append(out, line[done:]...)
}

func mayHaveURL(line []byte) bool {
	return bytes.IndexByte(line, '=') >= 0 || bytes.IndexByte(line, '@') >= 0 || bytes.IndexByte(line, '%') >= 0
}
