package sqltext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// opening returns the kind and the length of the token at pos if the dialect has its own
// rule for this token. If the lexer can read the token, the length is 0. If it is uncertain
// how the database reads the text at pos, the kind is unreadable, and the token includes
// the whole rest of the text.
func (d Dialect) opening(text string, pos int) (k kind, n int) {
	rest := text[pos:]
	switch c := rest[0]; c {
	case '\'':
		return d.single(text, pos)
	case '"':
		return d.delimited(rest, dialects[d].double)
	case '`':
		return d.backquoted(rest)
	case '[':
		return d.bracketed(rest)
	case '$':
		return d.dollar(text, pos)
	case '-':
		if strings.HasPrefix(rest, "--") {
			return d.dashes(rest)
		}
	case '/':
		return d.slash(rest)
	case '#':
		return marked(rest, dialects[d].hash)
	case '@', '{':
		if d == Other && !isVariable(rest) {
			return doubtful(rest)
		}
	case '(':
		if d == SQLite && endsInVariable(text[:pos]) {
			return doubtful(rest) // $a(…) is one variable
		}
	case '\\':
		return doubtful(rest)
	case 'n', 'N', 'q', 'Q':
		if d == Oracle {
			return alternative(text, pos)
		}
	default:
		if c >= utf8.RuneSelf {
			return foreignRune(rest)
		}
	}
	return 0, 0
}

func doubtful(text string) (kind, int) { return unreadable, len(text) }

// single reads a literal in single quotes. The name directly before the opening quote may
// change how the literal is read.
func (d Dialect) single(text string, pos int) (kind, int) {
	rest := text[pos:]
	switch prefix := lastName(text[:pos]); {
	case strings.EqualFold(prefix, "q"), strings.EqualFold(prefix, "nq"):
		return doubtful(rest) // other databases than Oracle may also have literals such as q'…'
	case d == PostgreSQL && strings.EqualFold(prefix, "e") && !strings.HasSuffix(text[:pos-len(prefix)], "$"):
		if n := closing(rest, '\'', true); n > 0 {
			return literal, n
		}
		return doubtful(rest)
	}
	return d.delimited(rest, dialects[d].single)
}

// delimited reads text up to the closing quote. If a backslash may be an escape character,
// delimited searches for the closing quote twice, with and without escapes. If the two
// results differ, the text is doubtful.
func (d Dialect) delimited(text string, q quote) (kind, int) {
	n := closing(text, text[0], false)
	switch {
	case n == 0 || q.kind == end:
		return doubtful(text)
	case q.escapes && strings.IndexByte(text[:n], '\\') >= 0 && closing(text, text[0], true) != n:
		return doubtful(text)
	case d == Other && n > 3 && hasTriple(text[:n]):
		return doubtful(text) // for example, BigQuery has """…"""
	}
	return q.kind, n
}

// backquoted reads a name in backquotes. If the dialect is Other, it is unknown whether the
// database quotes names with backquotes. Then the text is doubtful, unless there are only
// names between the backquotes.
func (d Dialect) backquoted(text string) (kind, int) {
	k, n := d.delimited(text, dialects[d].back)
	if d == Other && k != unreadable && !isNames(text[1:n-1]) {
		return doubtful(text)
	}
	return k, n
}

// bracketed reads a name in brackets, or the opening bracket of an array. If it is not
// known which of the two it is, the text between the brackets must not contain a character
// that can begin a literal or a comment. Otherwise the text is doubtful.
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

// dollar reads a parameter, an amount of money or a literal between tags.
func (d Dialect) dollar(all string, pos int) (kind, int) {
	text := all[pos:]
	n := 1 + nameLength(text[1:])
	numbered := n > 1 && isDigit(text[1])
	tagged := n < len(text) && text[n] == '$'
	switch {
	case numbered && d == PostgreSQL:
		return 0, 0
	case d == SQLServer:
		if n := moneyLength(text); n > 1 {
			return literal, n
		}
	case tagged && dialects[d].heredoc:
		tag := text[:n+1]
		if d == ClickHouse && !isASCII(tag) || lastName(all[:pos]) != "" {
			return doubtful(text)
		}
		if i := strings.Index(text[len(tag):], tag); i >= 0 {
			return literal, i + 2*len(tag)
		}
	}
	switch {
	case tagged || n == 1 || strings.HasPrefix(text[n:], "::") && d == SQLite:
		return doubtful(text)
	case numbered && d != SQLite:
		return literal, n // the token may be an amount of money
	}
	return param, n
}

// dashes reads the text that begins with two dashes. The text is a comment up to the end of
// the line, or it is two minus signs.
func (d Dialect) dashes(text string) (kind, int) {
	if len(text) > 2 && text[2] > ' ' && text[2] != 0x7f {
		return marked(text, dialects[d].dashes)
	}
	return lineComment(text)
}

// slash reads a block comment. If a slash may begin something else, such as another kind of
// comment, a regular expression or a path, the text is doubtful.
func (d Dialect) slash(text string) (kind, int) {
	switch {
	case strings.HasPrefix(text, "/*"):
		return dialects[d].block(text)
	case d == ClickHouse && strings.HasPrefix(text, "//"):
		return doubtful(text)
	case d == Other && (len(text) < 2 || !isSpace(text[1])):
		return doubtful(text)
	}
	return 0, 0
}

// marked reads text that begins with # or with two dashes. k determines how it is read: as
// a comment up to the end of the line, as a symbol, or as a part of a name. For other
// values of k, the text is doubtful.
func marked(text string, k kind) (kind, int) {
	switch k {
	case comment:
		return lineComment(text)
	case symbol:
		return symbol, 1
	case word:
		return 0, 0
	default:
		return doubtful(text)
	}
}

// moneyLength returns the length of the amount of money at the beginning of text. If no
// digit follows the dollar sign, moneyLength returns 1.
func moneyLength(text string) int {
	n := 1
	for n < len(text) && (isDigit(text[n]) || text[n] == '.' || text[n] == ',' && n+1 < len(text) && isDigit(text[n+1])) {
		n++
	}
	return n
}

// isVariable reports whether text begins with a variable such as @name or @@name. A path
// such as @name/name is not a variable.
func isVariable(text string) bool {
	if strings.HasPrefix(text, "@@") {
		return true
	}
	n := 1 + nameLength(text[1:])
	return text[0] == '@' && n > 1 && !strings.HasPrefix(text[n:], "/")
}

// endsInVariable reports whether text ends with a variable that has a name.
func endsInVariable(text string) bool {
	n := len(text) - len(lastName(text))
	return 0 < n && n < len(text) && strings.IndexByte("$@:#", text[n-1]) >= 0
}

func nameLength(text string) int {
	for n, r := range text {
		if r < utf8.RuneSelf && !isNamePart(byte(r)) || r >= utf8.RuneSelf && !unicode.IsLetter(r) {
			return n
		}
	}
	return len(text)
}

// lastName returns the name at the end of text. If text does not end with a name, lastName
// returns "".
func lastName(text string) string {
	n := len(text)
	for n > 0 && isNamePart(text[n-1]) {
		n--
	}
	return text[n:]
}

// foreignRune reads a character that is not ASCII. If the character is a letter, it is part
// of a name. Databases disagree on other characters, such as quotes and spaces. Therefore
// these characters make the text doubtful.
func foreignRune(text string) (kind, int) {
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case unicode.IsLetter(r):
		return 0, 0
	case unicode.IsMark(r):
		return symbol, n
	}
	return doubtful(text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNamePart(c byte) bool {
	return isDigit(c) || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}
