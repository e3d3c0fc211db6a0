package privacy

import "strings"

// Text returns s, text for people such as the message of an error, with
// everything done to it: personal numbers masked as by [Mask], the URLs in it
// redacted as by [URL], or as by [Query] where a parameter stands alone, and the
// credentials redacted that have a name or a form. URLs and parameters end at white
// space and at a quote.
func Text(s string) string {
	if IsPlain(s) {
		return s
	}
	return Mask(redactText(redactSecrets(s, false)))
}

// IsPlain is a fast yes for most of what a program says: ASCII that [Text] would
// return as it is, because it has no character that begins a parameter or an
// escape, no number in plain digits and no credential.
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

// The kinds of characters that make a text worth a closer look.
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

// redactText redacts the URLs in s.
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

// redactRun redacts a run of characters that is a URL, or a query without one.
func redactRun(run string) string { return redact(redactUser(run), beginsWithName(run)) }

// beginsWithName reports whether no path precedes the first parameter of run.
func beginsWithName(run string) bool {
	i := strings.IndexAny(run, "=/?#")
	return i < 0 || run[i] == '='
}

// nextURL returns the bounds of the next run of characters, at or after from,
// that can be a URL, a reference or a query with a credential in it, or -1. It
// has a percent or an equals sign, or an at sign behind a delimiter.
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

// endsURL reports whether the character at i is none of a URL: white space and
// quotes, also escaped as in JSON.
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
