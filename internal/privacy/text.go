package privacy

import "strings"

// Text removes personal numbers and credentials from s. It is for text that people read, such
// as an error message. It masks personal numbers in the same way as [Mask]. It redacts URLs in
// the same way as [URL], and parameters that are not in a URL in the same way as [Query]. White
// space and quotes end a URL or a parameter. Text also redacts the credentials that have a
// known name or form (see the package documentation).
func Text(s string) string { return standard.Text(s) }

// Text is like the function [Text].
func (n *Names) Text(s string) string {
	if n.IsPlain(s) {
		return s
	}
	return Mask(redactText(redactSecrets(s, false, n), n))
}

// IsPlain is a fast check that is enough for most texts. If it returns true, [Names.Text] would
// return s unchanged. In that case all of this is true: s is ASCII, s has no character that
// begins a parameter or an escape, and s contains no personal number and no credential. If
// IsPlain returns false, the caller must pass s to Text, which may or may not change s.
func (n *Names) IsPlain(s string) bool {
	var met byte
	for i := range len(s) {
		met |= kinds[s[i]]
	}
	if met&(ofParameter|ofEscape|ofUnicode) != 0 || met&ofSecret != 0 && mayHaveSecret(s, n) {
		return false
	}
	if met&ofNumber == 0 {
		return true
	}
	start, _ := nextPlain(s, 0)
	return start < 0
}

// These are kinds of characters. A text that contains none of them needs no further check.
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

func redactText(s string, n *Names) string {
	if strings.IndexByte(s, '=') < 0 && strings.IndexByte(s, '@') < 0 && strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for start, end := nextURL(s, 0); start >= 0; start, end = nextURL(s, end) {
		if redacted := redactRun(s[start:end], n); redacted != s[start:end] {
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

// redactRun redacts the credentials in its argument, which is a URL, or a query without a URL.
func redactRun(run string, n *Names) string {
	return redact(redactUser(run), beginsWithName(run), n)
}

// beginsWithName reports whether its argument begins with the name of a parameter. Otherwise the
// argument begins with a path.
func beginsWithName(run string) bool {
	i := strings.IndexAny(run, "=/?#")
	return i < 0 || run[i] == '='
}

// nextURL looks for the next run of characters, at or after from, that may contain a credential.
// A run is the text up to the next white space or quote, such as a URL, a reference or a query.
// A run may contain a credential in three cases: it has an equals sign, it has a percent sign,
// or it has a delimiter and after that an at sign. nextURL returns the start and the end of the
// run, or -1 if there is no such run.
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

// endsURL reports whether the character at i cannot be part of a URL. This is true for white
// space and quotes, also if they are escaped as in JSON.
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
