// Package display makes text from other sources safe to print on a terminal.
package display

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as part of one line on a terminal. s may come from an untrusted source.
// Line removes escape sequences, control characters and invisible characters that change
// the direction or the place of the text after them. It replaces each row of white space
// with one space.
func Line(s string) string {
	if isPlain(s) && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s
	}
	return strings.Join(strings.Fields(Layout(s)), " ")
}

// Layout is like [Line], but keeps the number of spaces, for a line that is laid out with
// spaces.
func Layout(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		if n := escapeLen(s); n > 0 {
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r == utf8.RuneError || unicode.IsGraphic(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

const (
	escape = "\x1b"
	bell   = "\a"
)

// escapeLen returns the length of the terminal escape sequence at the beginning of s, or 0
// if there is none.
func escapeLen(s string) int {
	rest, ok := strings.CutPrefix(s, escape)
	if !ok {
		return 0
	}
	body := 0
	switch {
	case rest == "":
	case rest[0] == '[':
		body = 1 + controlLen(rest[1:])
	case strings.IndexByte("]PX^_", rest[0]) >= 0:
		body = 1 + stringLen(rest[1:])
	default:
		_, body = utf8.DecodeRuneInString(rest)
	}
	return len(escape) + body
}

// controlLen returns the length of the rest of a control sequence: its parameters and its
// final byte.
func controlLen(s string) int {
	for i := range len(s) {
		if s[i] >= '@' && s[i] <= '~' {
			return i + 1
		}
		if s[i] < ' ' || s[i] > '~' {
			return i
		}
	}
	return len(s)
}

// stringLen returns the length of the rest of a control string, such as a window title. If
// the control string has no end, the length is 0, so that it does not hide the text after
// it.
func stringLen(s string) int {
	end := 0
	for _, terminator := range []string{bell, escape + `\`} {
		if i := strings.Index(s, terminator); i >= 0 && (end == 0 || i+len(terminator) < end) {
			end = i + len(terminator)
		}
	}
	return end
}
