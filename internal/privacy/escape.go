package privacy

import (
	"bytes"
	"strings"
)

// The type escapes finds the personal numbers that contain an escape or come directly after an
// escape. The zero value is ready for use. The field percent is the index of the next percent
// sign. The field backslash is the index of the next backslash. Because both indexes are stored,
// a text with many percent signs is searched for a backslash only once. The same is true for a
// text with many backslashes.
type escapes[T text] struct {
	percent, backslash int
}

// The method next decodes the escapes in s and returns the start and the end of the first
// personal number at or after from. It returns -1 if there is no personal number.
func (e *escapes[T]) next(s T, from int) (start, end int) {
	for i := from; ; {
		at := e.index(s, i)
		if at == len(s) {
			return -1, -1
		}
		c, width := char(s, at)
		if width == 1 || c == '\\' {
			i = at + width // there is no escape here
			continue
		}
		start = at
		for start > i && isDigit(s[start-1]) {
			start--
		}
		if end = numberEnd(s, start); end > 0 && (end != at || !isFraction(s, from, start)) && !inToken(s, from, start, end) {
			return start, end
		}
		if start, end = afterEscape(s, from, at, width, c); start >= 0 {
			return start, end
		}
		if i = at + width; isDigit(c) {
			i = skipDigits(s, i)
		}
	}
}

// The method index returns the index of the first percent sign or backslash at or after i, or
// len(s) if there is none.
func (e *escapes[T]) index(s T, i int) int {
	if e.percent < i || e.percent == 0 {
		e.percent = indexByte(s, i, '%')
	}
	if e.backslash < i || e.backslash == 0 {
		e.backslash = indexByte(s, i, '\\')
	}
	return min(e.percent, e.backslash)
}

// indexByte returns the index of the first c at or after i, or len(s) if there is none.
func indexByte[T text](s T, i int, c byte) (at int) {
	switch t := any(s).(type) {
	case string:
		at = strings.IndexByte(t[i:], c)
	case []byte:
		at = bytes.IndexByte(t[i:], c)
	}
	if at < 0 {
		return len(s)
	}
	return i + at
}

// The function index returns the index of the first occurrence of word at or after i, or -1 if
// there is none.
func index[T text](s T, i int, word string) (at int) {
	switch t := any(s).(type) {
	case string:
		at = strings.Index(t[i:], word)
	case []byte:
		at = bytes.Index(t[i:], []byte(word))
	}
	if at < 0 {
		return -1
	}
	return i + at
}

func hasPrefix[T text](s T, i int, prefix string) bool {
	return i+len(prefix) <= len(s) && string(s[i:i+len(prefix)]) == prefix
}

// afterEscape returns the start and the end of the number that begins directly after an escape.
// It returns -1 if there is no such number. at is the index of the escape, width is its length,
// and c is the decoded character. %25 can be a whole escape or the first part of a longer
// escape, so afterEscape tries every possible end of the escape. There are two special cases:
//   - If c is a digit, c would be a part of the number, so the end of the whole escape is not
//     tried.
//   - If c is a control character, the percent sign is not an escape, and a number may begin
//     directly after the percent sign.
func afterEscape[T text](s T, from, at, width int, c rune) (start, end int) {
	start, last := at+width, at+width
	switch {
	case s[at] != '%':
	case c < ' ':
		start = at + 1
	default:
		start = at + 3
	}
	if isDigit(c) {
		last -= 2
	}
	for ; start <= last; start += 2 {
		if start < at+width && isEncoded(s, start) {
			continue
		}
		if end = numberEnd(s, start); end > 0 && !inToken(s, from, start, end) {
			return start, end
		}
	}
	return -1, -1
}

// numberEnd returns the end of the personal number that begins at i, or -1 if no personal
// number begins there. The characters of the number may be plain or escaped.
func numberEnd[T text](s T, i int) int {
	var date [4]rune
	for n := range 11 {
		if n == 6 {
			i += spaceLen(s, i)
		}
		c, width := char(s, i)
		if !isDigit(c) {
			return -1
		}
		if n < len(date) {
			date[n] = c
		}
		i += width
	}
	if c, _ := char(s, i); isDigit(c) || !isDate(date[0], date[1], date[2], date[3]) {
		return -1
	}
	return i
}

// skipDigits returns the index of the first character at or after i that is not a digit.
// The digits may be plain or escaped.
func skipDigits[T text](s T, i int) int {
	for {
		c, width := char(s, i)
		if !isDigit(c) {
			return i
		}
		i += width
	}
}
