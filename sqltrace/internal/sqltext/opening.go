package sqltext

import "strings"

// opening returns what begins text and how long it is, where d has a say in that;
// 0 where the lexer is right.
func (d Dialect) opening(text string) (k kind, n int) {
	switch text[0] {
	case '/':
		if strings.HasPrefix(text, "/*") {
			return d.block(text)
		}
	case '-':
		if strings.HasPrefix(text, "--") {
			return d.dashes(text)
		}
	case '#':
		if d == MySQL {
			return comment, lineLength(text, "\n")
		}
		if d != SQLServer { // where it begins names
			return symbol, 1
		}
	case '`':
		if d != PostgreSQL && d != SQLServer {
			return delimited(text, '`', quoted)
		}
	case '[':
		if d == SQLServer {
			return delimited(text, ']', quoted)
		}
		if d == SQLite {
			return bracketed(text)
		}
	case '"':
		return d.doubleQuoted(text)
	case '$':
		return d.dollar(text)
	}
	return 0, 0
}

// dashes reads a comment to the end of its line, or what looks like one.
func (d Dialect) dashes(text string) (kind, int) {
	switch {
	case d == MySQL && len(text) > 2 && text[2] > ' ':
		return symbol, 1 // two minus signs
	case d == PostgreSQL:
		return comment, lineLength(text, "\r\n")
	}
	n := lineLength(text, "\n")
	if i := strings.IndexByte(text[:n], '\r'); d != MySQL && d != SQLite && i >= 0 && i != n-1 {
		return unreadable, len(text) // it depends on the server where it ends
	}
	return comment, n
}

func lineLength(text, ends string) int {
	if i := strings.IndexAny(text, ends); i >= 0 {
		return i
	}
	return len(text)
}

// block returns the length of a block comment.
func (d Dialect) block(text string) (kind, int) {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '/' && text[i+1] == '*' && (depth == 0 || d.nests()):
			if d == Other && depth > 0 {
				return unreadable, len(text)
			}
			depth++
			i++
		case text[i] == '*' && text[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return comment, i + 1
			}
		}
	}
	return unreadable, len(text)
}

// doubleQuoted reads what ANSI calls an identifier, MySQL a string and SQLite
// either.
func (d Dialect) doubleQuoted(text string) (kind, int) {
	switch d {
	case MySQL:
		return escaped(text)
	case SQLite, SQLServer, Other:
		return delimited(text, '"', ambiguous)
	default:
		return delimited(text, '"', quoted)
	}
}

// dollar reads what is neither a parameter nor the quote of PostgreSQL.
func (d Dialect) dollar(text string) (kind, int) {
	n := 1
	switch d {
	case PostgreSQL:
		return 0, 0
	case SQLServer: // an amount of money
		for n < len(text) && (isDigit(text[n]) || text[n] == '.' || text[n] == ',' && n+1 < len(text) && isDigit(text[n+1])) {
			n++
		}
		if n > 1 {
			return literal, n
		}
	}
	for n < len(text) && isNamePart(text[n]) {
		n++
	}
	return param, n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNamePart(c byte) bool {
	return isDigit(c) || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// delimited reads up to a closing quote, which is doubled to stand for itself.
func delimited(text string, quote byte, k kind) (kind, int) {
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return k, i + 1
	}
	return unreadable, len(text)
}

// bracketed reads up to the first closing bracket.
func bracketed(text string) (kind, int) {
	if i := strings.IndexByte(text, ']'); i >= 0 {
		return quoted, i + 1
	}
	return unreadable, len(text)
}

// escaped reads a string of MySQL in double quotes.
func escaped(text string) (kind, int) {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '"' && i+1 < len(text) && text[i+1] == '"':
			i++
		case text[i] == '"':
			return literal, i + 1
		}
	}
	return unreadable, len(text)
}
