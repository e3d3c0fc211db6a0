package sqltext

import (
	"strings"
	"unicode/utf8"
)

// single reads a literal in single quotes. The word directly before it may change
// how it is read.
func (d Dialect) single(text string, pos int) (kind, int) {
	rest := text[pos:]
	switch prefix := lastName(text[:pos]); {
	case strings.EqualFold(prefix, "q"), strings.EqualFold(prefix, "nq"):
		return doubtful(rest) // as Oracle has it, which is not only in Oracle
	case d == PostgreSQL && strings.EqualFold(prefix, "e") && !strings.HasSuffix(text[:pos-len(prefix)], "$"):
		if n := closing(rest, '\'', true); n > 0 {
			return literal, n
		}
		return doubtful(rest)
	}
	return d.delimited(rest, dialects[d].single)
}

// delimited reads up to the quote that closes. If a backslash may be an escape, it
// reads both ways, which must lead to the same end.
func (d Dialect) delimited(text string, q quote) (kind, int) {
	n := closing(text, text[0], false)
	switch {
	case n == 0 || q.kind == end:
		return doubtful(text)
	case q.escapes && strings.IndexByte(text[:n], '\\') >= 0 && closing(text, text[0], true) != n:
		return doubtful(text)
	case d == Other && n > 3 && hasTriple(text[:n]):
		return doubtful(text) // BigQuery and others have """…"""
	}
	return q.kind, n
}

func hasTriple(text string) bool {
	for i := 2; i < len(text); i++ {
		if text[i] == text[0] && text[i-1] == text[0] && text[i-2] == text[0] {
			return true
		}
	}
	return false
}

// closing returns the length of what text begins with, up to the quote that closes,
// which is doubled to stand for itself; 0 if there is none.
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

// backquoted reads a name. Other may have no such quotes: then there must be nothing
// but names between them.
func (d Dialect) backquoted(text string) (kind, int) {
	k, n := d.delimited(text, dialects[d].back)
	if d == Other && k != unreadable && !isNames(text[1:n-1]) {
		return doubtful(text)
	}
	return k, n
}

// isNames reports whether text is names with dots and hyphens between them.
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

// bracketed reads a name in brackets, or the bracket of an array. Where both are
// possible, nothing between the brackets may begin a literal or a comment.
func (d Dialect) bracketed(text string) (kind, int) {
	n := 0
	switch {
	case dialects[d].bracket == symbol:
		return symbol, 1
	case d == SQLServer:
		n = closing(text, ']', false)
	case d == SQLite:
		n = strings.IndexByte(text, ']') + 1
	default:
		if i := strings.IndexAny(text[1:], "]['\"`\\{$#/-"); i >= 0 && text[i+1] == ']' {
			return symbol, 1
		}
	}
	if n > 0 {
		return quoted, n
	}
	return doubtful(text)
}

// alternative reads a literal that begins with q and a quote, or with nq, as Oracle
// has it: any character may follow, which ends the literal with another quote.
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
