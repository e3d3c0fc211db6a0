package privacy

// nextPlain returns the start and the end of the first personal number at or after from, or -1
// if there is none. It finds only numbers whose digits are not escaped. The caller must make
// sure that no number begins before from and ends after it.
//
// Every personal number begins with six digits in a row, so nextPlain checks only every
// sixth byte until it finds a digit.
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

// plainEnd returns the end of the personal number that begins with the digits s[start:end]. It
// returns -1 if no personal number begins with these digits.
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

// isFraction reports whether the digits at i come after the decimal point of a number. Such a
// number has at most ten digits before the point. In a version or an IP address, the digits
// after the second point are not a fraction. Digits after a percent sign may be an escape, so they
// are not the digits before a point.
func isFraction[T text](s T, from, i int) bool {
	if i == from || s[i-1] != '.' {
		return false
	}
	point := i - 1
	for i = point; i > from && point-i <= 10 && isDigit(s[i-1]); {
		i--
	}
	digits := point - i
	return digits > 0 && digits <= 10 && (i == from || s[i-1] != '.' && s[i-1] != '%' && !isAlphanumeric(s[i-1]))
}

// isPunctuation reports whether the first two digits at i belong to the escape of a space, a
// quote or a bracket. In %22923609016%22, the first two digits belong to an escape, because %22
// is an escaped quote before an organisation number. In SQL's LIKE '%22019012345%', the first two
// digits do not belong to an escape, because there is a quote before the percent sign.
func isPunctuation[T text](s T, from, i int) bool {
	if i == from || s[i-1] != '%' || !isEncoded(s, i) {
		return false
	}
	return i-1 == from || s[i-2] > ' ' && s[i-2] != '\''
}

// isEncoded reports whether the two digits at i are the code of a character that programs
// percent-encode. Programs do not percent-encode letters and digits, and text does not contain
// control characters.
func isEncoded[T text](s T, i int) bool {
	return s[i] == '2' || s[i] == '6' && s[i+1] == '0'
}

func isDigit[C byte | rune](c C) bool { return '0' <= c && c <= '9' }
