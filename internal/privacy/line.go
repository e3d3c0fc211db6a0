package privacy

import "bytes"

// maskedNumber is [MaskedNumber] as JSON.
const maskedNumber = "99999999999"

// Line is [Text] for a line of JSON, such as a record of the log: the line stays
// valid JSON, and a personal number outside of its strings becomes 99999999999.
// The line is changed in place where that is possible, and must not be used
// afterwards; what is returned is.
func Line(line []byte) []byte {
	line = redactLine(redactSecrets(line, true))
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

// maskLine masks the number b[start:end] in place, and every further one that
// next finds. No mask is longer than what it stands for.
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
		case countsAt(b, start):
			continue
		}
		out = append(append(out, b[from:start]...), mask...)
		in.pos, from = end, end // what precedes is overwritten
	}
	return append(out, b[from:]...)
}

// isEscape reports whether the digits at i belong to the \u of a JSON string.
// [Mask], to which a backslash may be a backslash, masks them.
func isEscape(b []byte, i int) bool {
	if i < 2 || b[i-1] != 'u' || b[i-2] != '\\' {
		return false
	}
	run := bytes.TrimRight(b[:i-1], `\`)
	return (i-1-len(run))%2 == 1
}

// jsonString follows whether JSON text is inside of a string.
type jsonString struct {
	pos    int
	inside bool
}

// at reports whether b[i] is inside of a string. Each call goes on from the last.
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

// redactLine redacts the URLs in line.
func redactLine(line []byte) []byte {
	if !mayHaveURL(line) {
		return line
	}
	var out []byte
	done := 0
	for start, end := nextURL(line, 0); start >= 0; start, end = nextURL(line, end) {
		url := string(line[start:end])
		if redacted := redactRun(url); redacted != url {
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
