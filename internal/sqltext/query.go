package sqltext

import (
	"strings"
	"unicode/utf8"
)

// A Query is the result of an analysis. It contains no literals and no comments of the
// analyzed text.
type Query struct {
	// Text is the text with question marks instead of literals. If it becomes uncertain how
	// the database reads the text, one question mark replaces the rest of the text. For the
	// dialect Opaque, Text is "".
	Text string
	// Summary contains the operations and their tables, such as "INSERT invoices SELECT
	// orders". If no operation is known, Summary is "".
	Summary string
	// Operation is the main operation, such as SELECT or CREATE TABLE. The main operation
	// is the first operation that is not in parentheses.
	Operation string
	// Collection is the table. If the text has no table, or more than one, Collection is "".
	Collection string
	// Procedure is the stored procedure that is called. If none is called, or more than one,
	// Procedure is "".
	Procedure string
	// Name is the name that sqlc gave to the query. For example, the name is GetOrder if
	// the text begins with "-- name: GetOrder :one".
	Name string
	// Many is true if the text has more than one statement.
	Many bool
	// Commentable is true if a comment may be added at the end of the text. It is false if
	// the text already contains a comment.
	Commentable bool
}

const (
	longestText    = 32 << 10 // maximum number of bytes that are analyzed
	longestSummary = 255      // the maximum length in the conventions
	longestName    = 128
)

// Analyze returns the analysis of text. Only the first 32 KiB of text are read.
func Analyze(d Dialect, text string) Query { return analyze(d, text, longestText) }

func analyze(d Dialect, text string, longest int) Query {
	cut := len(text) > longest
	if cut {
		// A part of a personal number in a name cannot be recognized later, so the cut is not
		// inside a name.
		for longest > 0 && isNamePart(text[longest]) && isNamePart(text[longest-1]) {
			longest--
		}
		text = text[:longest]
	}
	commentable := !cut && strings.IndexByte(text, 0) < 0
	if i := strings.IndexByte(text, 0); i >= 0 {
		text = text[:i] // drivers and servers read the rest differently
	}
	text, rest := cutInvalid(text)
	if d == Opaque {
		return glance(text)
	}
	s := scanner{dialect: d, text: text}
	sum := summarizer{dialect: d, frames: make([]frame, 1, 8), outline: outline{dashes: d == Other}}
	w := writer{dialect: d, lists: make([]itemList, 1, 8)}
	w.out.Grow(len(text))
	for t := s.token(); t.kind != end; t = s.token() {
		w.write(sum.read(t, s.text[s.pos:]))
	}
	if rest != "" && sum.prev.kind != unreadable {
		w.write(sum.read(token{kind: unreadable, text: rest}, ""))
	}
	if cut {
		w.out.WriteString(" …")
	}
	commentable = commentable && !s.commented && sum.prev.kind != unreadable
	return Query{
		Text: w.out.String(), Summary: sum.outline.summary(), Operation: sum.outline.operation(), Collection: sum.outline.only(table, indexed),
		Procedure: sum.outline.only(procedure),
		Name:      nameOf(text), Many: sum.many, Commentable: commentable && (sum.prev.kind != literal || isClosed(d, text)),
	}
}

// cutInvalid splits text before the first byte that is not UTF-8. If the rest has another
// encoding, a part of a character can look like a quote or a backslash.
func cutInvalid(text string) (valid, rest string) {
	if utf8.ValidString(text) {
		return text, ""
	}
	n := 0
	for {
		r, size := utf8.DecodeRuneInString(text[n:])
		if r == utf8.RuneError && size <= 1 {
			return text[:n], text[n:]
		}
		n += size
	}
}

// isClosed reports whether the literal at the end of text is complete. If it is not
// complete, a comment after the text would become a part of the literal.
func isClosed(d Dialect, text string) bool {
	const probe = " /**/"
	s := scanner{dialect: d, text: text + probe}
	for t := s.next(); t.kind != end; t = s.next() {
		if t.kind == comment {
			return t.text == probe[1:]
		}
	}
	return false
}

// glance returns a Query for a text that is not analyzed. The Query contains only the name
// and the operation, which is also the summary.
func glance(text string) Query {
	begin, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), " ")
	k, upper := lookup(strings.TrimSpace(begin))
	if k == none || k > lastOperation || k == kwWith {
		return Query{Name: nameOf(text)}
	}
	return Query{Summary: upper, Operation: upper, Name: nameOf(text)}
}

// nameOf returns the name that sqlc wrote into the comment at the beginning of text.
func nameOf(text string) string {
	text, found := strings.CutPrefix(text, "-- name: ")
	if !found {
		return ""
	}
	n := 0
	for n < len(text) && isNamePart(text[n]) {
		n++
	}
	if n == 0 || n > longestName || isDigit(text[0]) || n < len(text) && !isSpace(text[n]) {
		return ""
	}
	return text[:n]
}
