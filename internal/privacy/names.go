package privacy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// secretNames are the names whose values are credentials. docs/privacy.md contains the same
// names, and a test compares the two lists.
var secretNames = [...]string{
	"token", "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets",
	"authorization", "cookie", "cookies", "credential", "credentials", "jwt",
	"apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "subscriptionkey",
	"codeverifier", "samlresponse",
}

// Names are the names of credentials: the names of secretNames, and names that the program adds.
// The methods of Names do the same as the functions of this package, with these names. A Names
// never changes, and is safe for concurrent use.
type Names struct {
	all []string // in lower case, without punctuation, and without digits at the end
	// parameters are the names that the program has added, in the form of the type name.
	parameters []string

	// endings contains the last two letters of each name, for a fast check. The index is the last
	// letter. The value is a bit set of the letters that can come before the last letter.
	endings [32]uint32
}

var standard = newNames(nil)

// Standard returns the names of secretNames. The functions of this package use them.
func Standard() *Names { return standard }

// NewNames returns the names of secretNames and the names in added. The error lists the names that
// cannot be used. The result has all other names.
func NewNames(added []string) (*Names, error) {
	var names []string
	var problems []error
	for _, name := range added {
		normal, ok := normalName(name)
		if ok {
			names = append(names, normal)
			continue
		}
		problems = append(problems, fmt.Errorf("%q is not a name (use letters, digits and _ - . only, with at least two letters, as in session_key)", name))
	}
	if len(names) == 0 {
		return standard, errors.Join(problems...)
	}
	return newNames(names), errors.Join(problems...)
}

func newNames(added []string) *Names {
	n := &Names{all: slices.Concat(secretNames[:], added)}
	for _, text := range added {
		var parameter name
		for _, c := range []byte(text) {
			parameter.add(rune(c))
		}
		if parameter.len >= 2 {
			n.parameters = append(n.parameters, string(parameter.buf[:parameter.len]))
		}
	}
	for _, name := range n.all {
		n.endings[name[len(name)-1]&31] |= 1 << (name[len(name)-2] & 31)
	}
	return n
}

// normalName returns name in the form in which endsIn compares it. ok is false if name has fewer
// than two letters, or if it has a character that names do not have.
func normalName(name string) (normal string, ok bool) {
	name = strings.TrimRight(name, "0123456789_-. []")
	var b []byte
	letters := 0
	for i := range len(name) {
		switch c := name[i]; {
		case isLetter(c) || c >= 0x80:
			letters++
			b = append(b, c|0x20)
		case isDigit(c):
			b = append(b, c)
		case !isJoint(c):
			return "", false
		}
	}
	return string(b), letters >= 2
}

// IsSecret reports whether name ends with the name of a credential. It ignores case and
// punctuation. It returns true for client_secret, X-Api-Key, accessToken and
// http.request.header.authorization. It returns false for token_type and tokens_used. It
// ignores digits and brackets at the end, so password2 is the same as password.
func (n *Names) IsSecret(name string) bool { return endsInSecret(name, len(name), n) }

// isParameter reports whether the program has added a name with which parameter ends.
func (n *Names) isParameter(parameter []byte) bool {
	text := strings.TrimRight(string(parameter), "0123456789")
	return slices.ContainsFunc(n.parameters, func(added string) bool { return strings.HasSuffix(text, added) })
}

// endsInSecret is like [Names.IsSecret]. It checks the name at the end of s[:end].
func endsInSecret[T text](s T, end int, n *Names) bool {
	for end > 0 && (isDigit(s[end-1]) || isJoint(s[end-1])) {
		end--
	}
	if end < 2 || n.endings[s[end-1]&31]&(1<<(s[end-2]&31)) == 0 {
		return false
	}
	for _, name := range n.all {
		if endsIn(s, end, name) {
			return true
		}
	}
	return false
}

// endsIn reports whether s[:end] ends with name, which must be in lower case. It ignores case
// and punctuation in s.
func endsIn[T text](s T, end int, name string) bool {
	for i := len(name) - 1; i >= 0; i-- {
		for end > 0 && isJoint(s[end-1]) {
			end--
		}
		if end == 0 || s[end-1]|0x20 != name[i] {
			return false
		}
		end--
	}
	return true
}

func isJoint(c byte) bool {
	switch c {
	case '_', '-', '.', ' ', '[', ']':
		return true
	}
	return false
}
