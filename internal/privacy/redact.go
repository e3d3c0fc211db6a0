package privacy

// redactSecrets redacts the credentials in s that have a known form. After that it redacts the
// credentials that have a name in n. If isLine is true, s is a line of JSON.
func redactSecrets[T text](s T, isLine bool, n *Names) T {
	if !mayHaveSecret(s, n) {
		return s
	}
	s = redactEach(s, nextJWT)
	s = redactEach(s, nextBearer)
	s = redactEach(s, nextBearerInCapitals)
	s = redactEach(s, nextBasic)
	s = redactEach(s, nextBasicInCapitals)
	return redactEach(s, (&pairs[T]{names: n, line: isLine}).next)
}

// mayHaveSecret is a fast check. If it returns false, s contains no credential. There are three
// places where a credential can be: after a name and a colon, in a text that begins like a JWT,
// or after the word Bearer or Basic and a space.
func mayHaveSecret[T text](s T, n *Names) bool {
	for i := range len(s) {
		if kinds[s[i]]&ofSecret == 0 {
			continue
		}
		switch s[i] {
		case ':':
			if endsSecretName(s, i, n) {
				return true
			}
		case 'J':
			if i >= 2 && s[i-1] == 'y' && s[i-2] == 'e' {
				return true
			}
		default:
			if mayEndScheme(s, i) {
				return true
			}
		}
	}
	return false
}

// endsSecretName reports whether the name of a credential comes before the colon at i.
func endsSecretName[T text](s T, i int, n *Names) bool {
	for i > 0 && (s[i-1] == ' ' || s[i-1] == '"' || s[i-1] == '\\') {
		i--
	}
	return endsInSecret(s, i, n)
}

// mayEndScheme reports whether the three letters before the space at i are the end of Bearer or
// Basic.
func mayEndScheme[T text](s T, i int) bool {
	if i < 5 {
		return false
	}
	switch s[i-1] | 0x20 {
	case 'r':
		return s[i-2]|0x20 == 'e' && s[i-3]|0x20 == 'r'
	case 'c':
		return s[i-2]|0x20 == 'i' && s[i-3]|0x20 == 's'
	}
	return false
}

// redactEach calls the function next to find parts of s. It replaces each of these parts with
// [Redacted]. If next finds nothing, redactEach returns s itself.
func redactEach[T text](s T, next func(s T, from int) (start, end int)) T {
	var b []byte
	done := 0
	for start, end := next(s, 0); start >= 0; start, end = next(s, end) {
		if string(s[start:end]) != Redacted {
			b = append(append(b, s[done:start]...), Redacted...)
			done = end
		}
	}
	if done == 0 {
		return s
	}
	return T(append(b, s[done:]...))
}
