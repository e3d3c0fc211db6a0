// Package display makes text from other sources safe to print on a terminal.
package display

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as text that can be printed in one line on a terminal. s may come from an
// untrusted source. Line removes escape sequences and control characters. It also removes
// invisible characters, such as those that change the direction of the text after them. It
// replaces several white space characters in a row with one space.
func Line(s string) string {
	if isPlain(s) && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s
	}
	return strings.Join(strings.Fields(Layout(s)), " ")
}

// Text does the same as [Layout], but keeps tabs and the ends of lines.
func Text(s string) string {
	if isPlain(s) {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		parts := strings.Split(strings.TrimSuffix(line, "\r"), "\t")
		for j, part := range parts {
			parts[j] = Layout(part)
		}
		lines[i] = strings.Join(parts, "\t")
	}
	return strings.Join(lines, "\n")
}

// Layout does the same as [Line], but keeps the number of spaces. It is for a line in which
// spaces align the text.
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

// controlLen returns the length of the parameters and the final byte of a control sequence.
// s begins with the parameters.
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

// stringLen returns the length of a control string, such as a window title, including its
// end. s begins after the characters that start the control string. If the control string
// has no end, the result is 0. Then only the characters that start the control string are
// removed.
func stringLen(s string) int {
	end := 0
	for _, terminator := range []string{bell, escape + `\`} {
		if i := strings.Index(s, terminator); i >= 0 && (end == 0 || i+len(terminator) < end) {
			end = i + len(terminator)
		}
	}
	return end
}
