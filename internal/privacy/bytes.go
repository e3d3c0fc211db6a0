package privacy

// MaskBytes is [Mask] for a buffer of the caller's: it is masked in place, and
// what is left of it returned. No masked form is longer than what it stands for.
func MaskBytes(b []byte) []byte {
	b = maskBytes(b, nextPlain[[]byte], nil)
	return maskBytes(b, new(escapes[[]byte]).next, nil)
}

// MaskJSON is [MaskBytes] for a JSON value, such as a line of the log. It stays
// valid JSON: a number outside of strings becomes 99999999999, which no personal
// number begins with.
func MaskJSON(b []byte) []byte {
	b = maskBytes(b, nextPlain[[]byte], new(jsonString))
	return maskBytes(b, new(escapes[[]byte]).next, nil)
}

// maskBytes masks in b every number that next finds.
func maskBytes(b []byte, next func(b []byte, from int) (start, end int), in *jsonString) []byte {
	start, end := next(b, 0)
	if start < 0 {
		return b
	}
	out, from := b[:0], 0
	for start >= 0 {
		mask := Masked
		if in != nil && !in.at(b, start) {
			mask = maskedNumber
		}
		out = append(append(out, b[from:start]...), mask...)
		from = end
		if in != nil {
			in.pos = end // what precedes is overwritten
		}
		start, end = next(b, from)
	}
	return append(out, b[from:]...)
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
