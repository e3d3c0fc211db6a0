package privacy

// maxLevels is how many times the percent sign of an escape can itself be percent-encoded.
const maxLevels = 4

// highByte is added to a byte that is not ASCII, so that the byte 0xA0 is not taken for the
// character U+00A0. The sum is not a valid character.
const highByte = 0xDC00

// char returns the character at i and its length in s. It decodes a character that is
// percent-encoded or escaped as in JSON. Each byte that is not ASCII is returned as a
// separate character. At the end of s, the length is 0.
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

// percentChar decodes %31. It also decodes %2531, where the percent sign is itself encoded.
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

// backslashChar decodes \u0031, also as \\u0031 in JSON inside a JSON string, and the \x31
// and \U00000031 of Go's %q. It returns a row of backslashes that escape nothing as one
// character. Otherwise the time for a long row of backslashes would be quadratic.
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

// escapeDigits returns how many hexadecimal digits follow the letter of an escape.
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

// hex returns the value of the n hexadecimal digits at i, or -1 if one of the n characters
// is not a hexadecimal digit.
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

// spaceLen returns the length of the space at i, plain or escaped, or 0 if there is none.
// Three other characters count as a space: the plus sign, which stands for a space in a
// query, and two no-break spaces, U+00A0 and U+202F, which number formatters put between
// groups of digits.
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
