package privacy

// secretNames are the names whose values are credentials. docs/privacy.md contains the same
// names, and a test compares the two lists.
var secretNames = [...]string{
	"token", "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets",
	"authorization", "cookie", "cookies", "credential", "credentials", "jwt",
	"apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "subscriptionkey",
	"codeverifier", "samlresponse",
}

// IsSecret reports whether name ends with the name of a credential. It ignores case and
// punctuation. It returns true for client_secret, X-Api-Key, accessToken and
// http.request.header.authorization. It returns false for token_type and tokens_used. It
// ignores digits and brackets at the end, so password2 is the same as password.
func IsSecret(name string) bool { return endsInSecret(name, len(name)) }

// Named is like [Text]. The text has a name, such as the name of an attribute. If [IsSecret]
// returns true for the name, Named returns [Redacted] for every text that is not empty.
func Named(name, text string) string {
	if text != "" && IsSecret(name) {
		return Redacted
	}
	return Text(text)
}

// endsInSecret is like [IsSecret]. It checks the name at the end of s[:end].
func endsInSecret[T text](s T, end int) bool {
	for end > 0 && (isDigit(s[end-1]) || isJoint(s[end-1])) {
		end--
	}
	if end < 2 || !isLetter(s[end-1]) || secretEndings[s[end-1]&31]&(1<<(s[end-2]&31)) == 0 {
		return false
	}
	for _, name := range secretNames {
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

// secretEndings contains the last two letters of each name in secretNames, for a fast check.
// The index is the last letter. The value is a bit set of the letters that can come before the
// last letter.
var secretEndings = func() (endings [32]uint32) {
	for _, name := range secretNames {
		endings[name[len(name)-1]&31] |= 1 << (name[len(name)-2] & 31)
	}
	return endings
}()
