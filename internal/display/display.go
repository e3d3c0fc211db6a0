// Package display makes text of others fit to be printed on a terminal.
package display

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s, which anyone may have written, as part of one line of a terminal:
// escape sequences, control characters and invisible ones that change the direction
// or the place of what follows are taken out, and white space of any kind becomes
// one space.
func Line(s string) string {
	if isPlain(s) && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s
	}
	return strings.Join(strings.Fields(Layout(s)), " ")
}

// Layout is Line for a line that spaces are part of: each stays.
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

// escapeLen returns the length of the terminal escape sequence that s begins
// with, 0 if it does not.
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

// controlLen returns the length of the rest of a control sequence: parameters
// and the final byte.
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

// stringLen returns the length of the rest of a control string, such as a
// window title. One without an end hides nothing.
func stringLen(s string) int {
	end := 0
	for _, terminator := range []string{bell, escape + `\`} {
		if i := strings.Index(s, terminator); i >= 0 && (end == 0 || i+len(terminator) < end) {
			end = i + len(terminator)
		}
	}
	return end
}
