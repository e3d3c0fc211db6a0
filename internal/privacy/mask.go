package privacy

import "strings"

// Masked stands where a personal number stood. It has the length of the number,
// is safe in URLs, in JSON strings and on a terminal, and is never taken for a
// number itself.
const Masked = "***********"

// maskedNumber is Masked where JSON wants a number. It begins with no date, and
// an index that knows the field as a number still takes it.
const maskedNumber = "99999999999"

// text is what the engine reads: attribute values as strings, log lines as bytes.
type text interface{ ~string | ~[]byte }

// Mask returns s with every personal number replaced by [Masked]. It returns s
// itself, and allocates nothing, when there is none.
func Mask(s string) string {
	s = maskWith(s, nextPlain[string])
	if strings.IndexByte(s, '%') >= 0 || strings.IndexByte(s, '\\') >= 0 {
		s = maskWith(s, new(escapes[string]).next)
	}
	return s
}

// maskWith returns s with every number that next finds replaced.
func maskWith(s string, next func(s string, from int) (start, end int)) string {
	start, end := next(s, 0)
	if start < 0 {
		return s
	}
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

// Found reports whether [Mask] would change s.
func Found(s string) bool {
	if start, _ := nextPlain(s, 0); start >= 0 {
		return true
	}
	start, _ := new(escapes[string]).next(s, 0)
	return start >= 0
}
