package privacy

import "strings"

// Masked replaces a personal number. It has eleven characters. It is safe in URLs, in JSON
// strings and on a terminal. It never looks like a personal number itself.
const Masked = "***********"

// text is the type constraint for functions that read strings (attribute values) and bytes (log
// lines).
type text interface{ ~string | ~[]byte }

// Mask replaces every personal number in s with [Masked]. If s contains no personal number,
// Mask returns s itself and allocates nothing.
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

// hasEscape reports whether s may contain an escape. If it returns false, nextPlain finds every
// personal number in s.
func hasEscape(s string) bool {
	return strings.IndexByte(s, '%') >= 0 || strings.IndexByte(s, '\\') >= 0
}

// maskString masks the number s[start:end]. It also calls the function next to find every later
// number, and masks these numbers. It returns the result.
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
