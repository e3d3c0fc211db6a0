package privacy

// nextPlain returns the bounds of the first personal number at or after from
// that is written in plain digits, or -1. The byte before from is no part of a
// longer number.
//
// Every number begins with six digits in a row, so it is enough to look at each
// sixth byte until one is a digit.
func nextPlain[T text](s T, from int) (start, end int) {
	for i := from + 5; i < len(s); i += 6 {
		if !isDigit(s[i]) {
			continue
		}
		start, i = digitsAround(s, from, i)
		if end = plainEnd(s, start, i); end > 0 && (end > i || !isFraction(s, from, start)) && !isPunctuation(s, from, start) && !inToken(s, from, start, end) {
			return start, end
		}
	}
	return -1, -1
}

// digitsAround returns the bounds of the digits around the one at i.
func digitsAround[T text](s T, from, i int) (start, end int) {
	start, end = i, i+1
	for start > from && isDigit(s[start-1]) {
		start--
	}
	return start, digitsEnd(s, end)
}

func digitsEnd[T text](s T, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// plainEnd returns where the number ends that begins with the digits [start, end), or -1.
func plainEnd[T text](s T, start, end int) int {
	switch end - start {
	case 11:
	case 6:
		second := end + plainSpaceLen(s, end)
		if end = digitsEnd(s, second); end-second != 5 {
			return -1
		}
	default:
		return -1
	}
	if !isDate(rune(s[start]), rune(s[start+1]), rune(s[start+2]), rune(s[start+3])) {
		return -1
	}
	return end
}

// isFraction reports whether the digits at i are those behind the point of a decimal
// number, which has up to ten digits before it. Those behind the second point of a
// version or an address are not.
func isFraction[T text](s T, from, i int) bool {
	if i == from || s[i-1] != '.' {
		return false
	}
	point := i - 1
	for i = point; i > from && point-i <= 10 && isDigit(s[i-1]); {
		i--
	}
	digits := point - i
	return digits > 0 && digits <= 10 && (i == from || s[i-1] != '.' && !isAlphanumeric(s[i-1]))
}

// isPunctuation reports whether the first two digits of the number at i are the
// space, quote or bracket of a percent-encoded text: %22923609016%22 is an
// organisation number. In SQL's LIKE '%22019012345%' they are not.
func isPunctuation[T text](s T, from, i int) bool {
	if i == from || s[i-1] != '%' || !isEncoded(s, i) {
		return false
	}
	return i-1 == from || s[i-2] > ' ' && s[i-2] != '\''
}

// isEncoded reports whether the two digits at i are the code of a character that
// encoders encode: none does it with control characters, digits and letters.
func isEncoded[T text](s T, i int) bool {
	return s[i] == '2' || s[i] == '6' && s[i+1] == '0'
}

func isDigit[C byte | rune](c C) bool { return '0' <= c && c <= '9' }
