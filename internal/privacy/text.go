package privacy

import "strings"

// Text returns s without personal numbers and credentials. It is meant for text that people
// read, such as an error message. Text masks personal numbers as [Mask] does. It redacts
// URLs as [URL] does, and parameters outside of a URL as [Query] does. It also redacts the
// credentials that have a known name or form, as the package documentation describes. In s,
// white space and quotes end a URL or a parameter.
func Text(s string) string {
	if IsPlain(s) {
		return s
	}
	return Mask(redactText(redactSecrets(s, false)))
}

// IsPlain is a fast check that is enough for most texts. If it reports true, [Text] returns
// s unchanged, because s is ASCII and has no character that begins a parameter or an
// escape, no personal number in plain digits and no credential. If it reports false, s must
// be passed to [Text], which may or may not change it.
func IsPlain(s string) bool {
	var met byte
	for i := range len(s) {
		met |= kinds[s[i]]
	}
	if met&(ofParameter|ofEscape|ofUnicode) != 0 || met&ofSecret != 0 && mayHaveSecret(s) {
		return false
	}
	if met&ofNumber == 0 {
		return true
	}
	start, _ := nextPlain(s, 0)
	return start < 0
}

// Kinds of characters. A text without any of them needs no further check.
const (
	ofNumber = 1 << iota
	ofParameter
	ofEscape
	ofUnicode
	ofSecret
)

var kinds = func() (k [256]byte) {
	for c := '0'; c <= '9'; c++ {
		k[c] = ofNumber
	}
	k['='], k['@'] = ofParameter, ofParameter
	k['%'], k['\\'] = ofParameter|ofEscape|ofSecret, ofEscape
	k[':'], k['J'], k[' '], k['+'] = ofSecret, ofSecret, ofSecret, ofSecret
	for c := 0x80; c <= 0xFF; c++ {
		k[c] = ofUnicode | ofSecret
	}
	return k
}()

// redactText redacts the credentials in the URLs and the parameters of s.
func redactText(s string) string {
	if strings.IndexByte(s, '=') < 0 && strings.IndexByte(s, '@') < 0 && strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for start, end := nextURL(s, 0); start >= 0; start, end = nextURL(s, end) {
		if redacted := redactRun(s[start:end]); redacted != s[start:end] {
			b.WriteString(s[done:start])
			b.WriteString(redacted)
			done = end
		}
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// redactRun redacts the credentials in run, which is a URL, or a query without a URL.
func redactRun(run string) string { return redact(redactUser(run), beginsWithName(run)) }

// beginsWithName reports whether run begins with the name of a parameter, and not with a
// path.
func beginsWithName(run string) bool {
	i := strings.IndexAny(run, "=/?#")
	return i < 0 || run[i] == '='
}

// nextURL returns the bounds of the next run of characters at or after from that may be a
// URL, a reference or a query with a credential. Such a run has an equals sign, a percent
// sign, or an at sign after a delimiter. If there is no such run, nextURL returns -1.
func nextURL[T text](s T, from int) (start, end int) {
	for start = from; start < len(s); start = end + 1 {
		delimited, credential := false, false
		for end = start; end < len(s) && !endsURL(s, end); end++ {
			switch s[end] {
			case '?', '&', '#', ';', '/', '\\':
				delimited = true
			case '@':
				credential = credential || delimited
			case '=', '%':
				credential = true
			}
		}
		if credential {
			return start, end
		}
	}
	return -1, -1
}

// endsURL reports whether the character at i cannot be part of a URL. These are white space
// and quotes, also when they are escaped as in JSON.
func endsURL[T text](s T, i int) bool {
	switch c := s[i]; c {
	case '"', '\'', '`', '<', '>', 0x7F:
		return true
	case '\\':
		return i+1 == len(s) || s[i+1] == '"' || s[i+1] == 'n' || s[i+1] == 'r' || s[i+1] == 't'
	default:
		return c <= ' '
	}
}
