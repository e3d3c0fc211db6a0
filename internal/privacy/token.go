package privacy

// The digits in a hexadecimal token are not masked if the token has a length between minToken and
// maxToken. IDs and digests have such a length: 16 is the length of a span ID, and 128 is the
// length of a SHA-512. If a word of letters a to f is directly beside a personal number, the whole
// is usually shorter.
const (
	minToken = 16
	maxToken = 128
)

// inToken reports whether the number s[start:end] is inside a UUID, or inside a hexadecimal
// token. If the number contains a space, it is enough that one of its halves is inside a token. A
// number with escaped digits is never inside a token. The text before from is already masked.
func inToken[T text](s T, from, start, end int) bool {
	if end-start == 11 {
		return inHex(s, from, start)
	}
	plain := digitsEnd(s, start) == start+6 && digitsEnd(s, end-5) == end
	return plain && (inHex(s, from, start) || inHex(s, from, end-1))
}

// inHex reports whether the digit at i is inside a UUID, or inside a hexadecimal token with the
// length of an ID. There is no letter and no digit directly beside the token, also no escaped
// digit. If the token can begin at several places, it begins at the last of them.
func inHex[T text](s T, from, i int) bool {
	start, end := hexAround(s, from, i)
	if end-start < 8 || !endsToken(s, end) || start == from && from > 0 {
		return false
	}
	if end-start == 12 && isUUID(s, from, end-36) {
		return true
	}
	length := 0
	for _, start := range tokenStarts(s, from, start) {
		if start > i {
			break
		}
		if length = end - start; length == 8 && isUUID(s, from, start) {
			return true
		}
	}
	return length >= minToken && length <= maxToken
}

// hexAround returns the start and the end of the row of hexadecimal digits around i. It stops
// when the row is longer than a token can be.
func hexAround[T text](s T, from, i int) (start, end int) {
	start, end = i, i+1
	for start > from && i-start <= maxToken && hexValue(s[start-1]) >= 0 {
		start--
	}
	for end < len(s) && end-i <= maxToken && hexValue(s[end]) >= 0 {
		end++
	}
	return start, end
}

// tokenStarts returns the indexes where a token can begin. start is the index of the first
// hexadecimal digit. The first digits may belong to an escape, so a token can also begin after
// them. If there is a letter directly before start, it must be the letter of an escape or the x
// of 0x. Otherwise no token can begin. No token can begin after an escaped digit. If there are fewer than three indexes, the other results
// are len(s).
func tokenStarts[T text](s T, from, start int) [3]int {
	var c, before byte
	if start > from {
		c = s[start-1]
	}
	if start-1 > from {
		before = s[start-2]
	}
	none := len(s)
	switch {
	case c == '%' && startsWithDigit(s, start-1), before == '\\' && startsWithDigit(s, start-2):
		// the token would have one more digit, which is escaped
	case c == '%' && s[start] == '2' && s[start+1] == '5':
		return [3]int{start, start + 2, start + 4}
	case c == '%':
		return [3]int{start, start + 2, none}
	case c == '\\':
		return [3]int{start, start + 1, none} // the first digit may be the b in \b or the f in \f
	case !isAlphanumeric(c):
		return [3]int{start, none, none}
	case before == '\\':
		return [3]int{start + escapeDigits(c), none, none}
	case before == '0' && c == 'x' && (start-2 == from || !isAlphanumeric(s[start-3])):
		return [3]int{start, none, none}
	}
	return [3]int{none, none, none}
}

// endsToken reports whether a token can end at i: there is no letter, no digit and no escaped digit.
func endsToken[T text](s T, i int) bool {
	return i == len(s) || !isAlphanumeric(s[i]) && !startsWithDigit(s, i)
}

// startsWithDigit reports whether the character at i, which may be escaped, is a digit.
func startsWithDigit[T text](s T, i int) bool {
	c, _ := char(s, i)
	return isDigit(c)
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || isLetter(c)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUUID[T text](s T, from, start int) bool {
	if start < from || start+36 > len(s) || !endsToken(s, start+36) {
		return false
	}
	for i := range 36 {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := s[start+i]; dash != (c == '-') || !dash && hexValue(c) < 0 {
			return false
		}
	}
	return true
}
