package privacy

// maxLevels is the maximum number of times that a percent sign can itself be percent-encoded.
const maxLevels = 4

// highByte is added to the value of a byte that is not ASCII. Without it, the byte 0xA0 would
// look like the character U+00A0. The sum is never a valid character.
const highByte = 0xDC00

// The function char returns the character at index i and the number of bytes that it has in s. It
// decodes a character that is percent-encoded or escaped as in JSON. A byte that is not ASCII
// counts as a separate character. At the end of s, width is 0.
func char[T text](s T, i int) (c rune, width int) {
	if i >= len(s) {
		return 0, 0
	}
	switch b := s[i]; b {
	case '%':
		return percentChar(s, i)
	case '\\':
		return backslashChar(s, i)
	default:
		return byteChar(rune(b)), 1
	}
}

func byteChar(b rune) rune {
	if b >= 0x80 {
		return highByte + b
	}
	return b
}

// percentChar decodes the percent-encoded character at i, for example %31. It also decodes
// %2531, in which the percent sign is percent-encoded too.
func percentChar[T text](s T, i int) (c rune, width int) {
	c, width = '%', 1
	for next := i + 1; c == '%' && next <= i+1+2*maxLevels; next += 2 {
		b := hex(s, next, 2)
		if b < 0 {
			break
		}
		c, width = byteChar(b), next+2-i
	}
	return c, width
}

// backslashChar decodes \u0031, and also \\u0031 as in JSON inside a JSON string. It also decodes
// \x31 and \U00000031, because Go's verb %q writes these forms. If a row of backslashes escapes
// nothing, it returns the whole row as one character. Otherwise the time for a long row of
// backslashes would be quadratic.
func backslashChar[T text](s T, i int) (c rune, width int) {
	letter := pastBackslashes(s, i)
	if letter == len(s) {
		return '\\', letter - i
	}
	digits := escapeDigits(s[letter])
	if c = hex(s, letter+1, digits); digits == 0 || c < 0 {
		return '\\', letter - i
	}
	return c, letter + 1 + digits - i
}

// escapeDigits returns how many hexadecimal digits come after the letter of an escape. It
// returns 0 if the letter does not belong to an escape.
func escapeDigits(letter byte) int {
	switch letter {
	case 'u':
		return 4
	case 'x':
		return 2
	case 'U':
		return 8
	}
	return 0
}

func pastBackslashes[T text](s T, i int) int {
	for i < len(s) && s[i] == '\\' {
		i++
	}
	return i
}

// The function hex returns the value of the n hexadecimal digits at i. It returns -1 if there are
// fewer than n hexadecimal digits at i.
func hex[T text](s T, i, n int) (v rune) {
	if i+n > len(s) {
		return -1
	}
	for _, b := range []byte(s[i : i+n]) {
		d := hexValue(b)
		if d < 0 {
			return -1
		}
		v = v<<4 | d
	}
	return v
}

func hexValue(b byte) rune {
	switch {
	case '0' <= b && b <= '9':
		return rune(b - '0')
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return rune(b|0x20-'a') + 10
	}
	return -1
}

// spaceLen returns the length of the space at i, which may be plain or escaped. It returns 0 if
// there is no space at i. Three other characters count as a space. One is the plus sign, which
// means a space in a query. The other two are the no-break spaces U+00A0 and U+202F. Programs
// that format numbers write them between groups of digits.
func spaceLen[T text](s T, i int) int {
	c, n := char(s, i)
	switch c {
	case ' ', '+', 0xA0, 0x202F:
		return n
	case highByte + 0xC2:
		c, w := char(s, i+n)
		if c == highByte+0xA0 {
			return n + w
		}
	case highByte + 0xE2:
		c, w := char(s, i+n)
		last, v := char(s, i+n+w)
		if c == highByte+0x80 && last == highByte+0xAF {
			return n + w + v
		}
	}
	return 0
}

// plainSpaceLen is like spaceLen, except that it returns 0 for an escaped space.
func plainSpaceLen[T text](s T, i int) int {
	if i < len(s) && s[i] != '%' && s[i] != '\\' {
		return spaceLen(s, i)
	}
	return 0
}
