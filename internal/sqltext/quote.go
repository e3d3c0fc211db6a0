package sqltext

import (
	"strings"
	"unicode/utf8"
)

// hasTriple reports whether text contains its first character three times in a row.
func hasTriple(text string) bool {
	for i := 2; i < len(text); i++ {
		if text[i] == text[0] && text[i-1] == text[0] && text[i-2] == text[0] {
			return true
		}
	}
	return false
}

// closing returns the length of text up to and including the closing quote. Two quotes in a
// row are not a closing quote. If there is no closing quote, closing returns 0.
func closing(text string, quote byte, escapes bool) int {
	for i := 1; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] != quote:
		case i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// isNames reports whether text consists only of names. There must be one dot or one hyphen
// between two names.
func isNames(text string) bool {
	for i := range len(text) {
		c := text[i]
		if separator := c == '.' || c == '-'; i == 0 || text[i-1] == '.' || text[i-1] == '-' {
			if separator || isDigit(c) || !isNamePart(c) {
				return false
			}
		} else if !separator && !isNamePart(c) {
			return false
		}
	}
	return text != ""
}

// alternative reads a literal of Oracle that begins with q' or nq'. The next character is
// the delimiter, which can be any character. The literal ends where the delimiter and a
// quote stand together. If the delimiter is an opening bracket, the literal ends where the
// closing bracket and a quote stand together.
func alternative(text string, pos int) (kind, int) {
	rest := text[pos:]
	begin := 2
	if rest[0]|0x20 == 'n' {
		begin = 3
	}
	if len(rest) < begin || !strings.EqualFold(rest[:begin], "nq'"[3-begin:]) {
		return 0, 0
	}
	r, size := utf8.DecodeRuneInString(rest[begin:])
	closer := rest[begin:][:size]
	if i := strings.IndexRune("[{(<", r); i >= 0 {
		closer = "]})>"[i:][:1]
	}
	n := strings.Index(rest[begin+size:], closer+"'")
	if n < 0 || lastName(text[:pos]) != "" || isSpace(closer[0]) {
		return doubtful(rest)
	}
	return literal, begin + size + n + len(closer) + 1
}
