package privacy

import "strings"

// Masked stands where a personal number stood. It has the length of the number,
// is safe in URLs, in JSON strings and on a terminal, and is never taken for a
// number itself.
const Masked = "***********"

// text is what the engine reads: attribute values as strings, log lines as bytes.
type text interface{ ~string | ~[]byte }

// Mask returns s with every personal number replaced by [Masked]. It returns s
// itself, and allocates nothing, when there is none.
func Mask(s string) string {
	if start, end := nextPlain(s, 0); start >= 0 {
		s = maskString(s, start, end, nextPlain)
	}
	if !hasEscape(s) {
		return s
	}
	var e escapes[string]
	if start, end := e.next(s, 0); start >= 0 {
		s = maskString(s, start, end, e.next)
	}
	return s
}

// Found reports whether [Mask] would change s.
func Found(s string) bool {
	if start, _ := nextPlain(s, 0); start >= 0 {
		return true
	}
	if !hasEscape(s) {
		return false
	}
	var e escapes[string]
	start, _ := e.next(s, 0)
	return start >= 0
}

// hasEscape is a fast no: a number is plain, or it has an escape in or before it.
func hasEscape(s string) bool {
	return strings.IndexByte(s, '%') >= 0 || strings.IndexByte(s, '\\') >= 0
}

// maskString returns s with the number s[start:end] replaced, and every further
// one that next finds.
func maskString(s string, start, end int, next func(s string, from int) (start, end int)) string {
	var b strings.Builder
	b.Grow(len(s))
	from := 0
	for start >= 0 {
		b.WriteString(s[from:start])
		b.WriteString(Masked)
		from = end
		start, end = next(s, from)
	}
	b.WriteString(s[from:])
	return b.String()
}
