package privacy

const (
	// shortestJWT is the minimum length of a token. It is lower than the length of any real
	// token with a header and a body.
	shortestJWT = 20
	// shortestBearer is the minimum length of a token without a digit. A shorter word without a
	// digit is not a token but part of a sentence, as in "bearer authentication".
	shortestBearer = 16
)

// nextJWT returns the start and the end of the next JSON web token at or after from, or -1 if
// there is none. The token may be signed or encrypted. It is also found if it is cut off inside
// its body.
func nextJWT[T text](s T, from int) (start, end int) {
	const begin = "eyJ" // the base64 form of {", with which every header begins
	for start = index(s, from, begin); start >= 0; start = index(s, end, begin) {
		dots, nested := 0, false
		for end = start; end < len(s) && isTokenChar(s[end]); end++ {
			if s[end] == '.' {
				dots++
				nested = nested || hasPrefix(s, end+1, begin)
			}
		}
		if end-start >= shortestJWT && (dots >= 2 || nested) {
			return start, end
		}
	}
	return -1, -1
}

// nextBearer returns the start and the end of the next credential after the word Bearer, or -1
// if there is none. Bearer is the name of an HTTP authentication scheme. The next three
// functions do the same for the words BEARER, Basic and BASIC.
func nextBearer[T text](s T, from int) (start, end int) {
	return nextScheme(s, from, "earer", isBearer)
}

func nextBearerInCapitals[T text](s T, from int) (start, end int) {
	return nextScheme(s, from, "EARER", isBearer)
}

func nextBasic[T text](s T, from int) (start, end int) { return nextScheme(s, from, "asic", isBasic) }

func nextBasicInCapitals[T text](s T, from int) (start, end int) {
	return nextScheme(s, from, "ASIC", isBasic)
}

// nextScheme returns the start and the end of the next credential after the name of an
// authentication scheme, or -1 if there is none. scheme is the name without its first letter.
// The first letter must be B or b. The last argument is a function that reports whether a word
// is a credential.
func nextScheme[T text](s T, from int, scheme string, is func(T) bool) (start, end int) {
	for at := index(s, from, scheme); at >= 0; at = index(s, end, scheme) {
		start = skipSpaces(s, at+len(scheme))
		end = start
		if start == at+len(scheme) || at == 0 || s[at-1]|0x20 != 'b' {
			continue
		}
		for end < len(s) && isSchemeChar(s[end]) {
			end++
		}
		if isParameter(s, start, end) || !is(s[start:end]) {
			continue
		}
		for end < len(s) && s[end] == '=' {
			end++
		}
		return start, end
	}
	return -1, -1
}

// isParameter reports whether the word s[start:end] is the name of a parameter, as in Bearer
// realm="x". Otherwise the word may be a token, and an equals sign after it is padding.
func isParameter[T text](s T, start, end int) bool {
	if end == len(s) || s[end] != '=' {
		return false
	}
	for i := start; i < end; i++ {
		if c := s[i]; (c < 'a' || 'z' < c) && c != '_' {
			return false
		}
	}
	return true
}

// skipSpaces returns the index of the first character at or after i for which spaceLen returns
// 0.
func skipSpaces[T text](s T, i int) int {
	for {
		n := spaceLen(s, i)
		if n == 0 {
			return i
		}
		i += n
	}
}

func isBearer[T text](s T) bool {
	if len(s) >= shortestBearer {
		return true
	}
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// isBasic reports whether s is the base64 form of a user name, a colon and a password.
func isBasic[T text](s T) bool {
	var bits uint32
	for i, width := 0, 0; i < len(s); i++ {
		v := base64Value(s[i])
		if v < 0 {
			return false
		}
		bits, width = bits<<6|uint32(v), width+6
		if width < 8 {
			continue
		}
		width -= 8
		switch c := byte(bits >> width); {
		case c == ':':
			return true
		case c < ' ':
			return false
		}
	}
	return false
}

func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case isDigit(c):
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

func isTokenChar(c byte) bool { return isAlphanumeric(c) || c == '.' || c == '_' || c == '-' }

func isSchemeChar(c byte) bool {
	return isTokenChar(c) || c == '~' || c == '+' || c == '/'
}
