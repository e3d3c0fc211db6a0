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
		if redacted := redactFound(s, start, end, n); redacted != s[start:end] {
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
	for start = from; start < len(s); {
		delimited, credential, after := false, false, 0
		for end = start; end < len(s); end++ {
			if after = pastURL(s, end); after > 0 {
				break
			}
			switch s[end] {
			case '\\':
				delimited = true
				end = pastBackslashes(s, end) - 1
			case '?', '&', '#', ';', '/':
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
		start = max(after, end)
	}
	return -1, -1
}

// redactFound redacts the credentials in s[start:end], which nextURL has found. If the run begins
// with a letter after a backslash, the letter may belong to an escape, so the run is also read
// without it.
func redactFound(s string, start, end int, n *Names) string {
	run := s[start:end]
	redacted := redactRun(run, n)
	if redacted == run && start > 0 && s[start-1] == '\\' {
		return run[:1] + redactRun(run[1:], n)
	}
	return redacted
}

// pastURL returns the index after the character at i, if this character cannot be part of a URL.
// Otherwise it returns 0. White space, control characters and quotes cannot be part of a URL, also if
// they are escaped as in JSON, or as in JSON inside a JSON string. An escape ends the URL before all
// its backslashes, so that no part of an escape is redacted.
func pastURL[T text](s T, i int) int {
	switch c := s[i]; c {
	case '"', '\'', '`', '<', '>', 0x7F:
		return i + 1
	case '\\':
		letter := pastBackslashes(s, i)
		switch {
		case letter == len(s):
			return letter
		case hasPrefix(s, letter, "u00") && letter+5 <= len(s) && s[letter+3] < '2': // a control character
			return letter + len("u0001")
		}
		switch s[letter] {
		case '"':
			return letter + 1
		case 'n', 'r', 't', 'b', 'f':
			return letter // it is uncertain whether the letter belongs to the escape
		}
	default:
		if c <= ' ' {
			return i + 1
		}
	}
	return 0
}
