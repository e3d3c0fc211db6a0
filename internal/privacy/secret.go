package privacy

// secretNames are the names whose text is a credential. docs/privacy.md has the
// same list, and a test compares the two.
var secretNames = [...]string{
	"token", "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets",
	"authorization", "cookie", "cookies", "credential", "credentials", "jwt",
	"apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "subscriptionkey",
	"codeverifier", "samlresponse",
}

// IsSecret reports whether name ends in one of the names of credentials, compared
// without case and punctuation: client_secret, X-Api-Key, accessToken and
// http.request.header.authorization do, token_type and tokens_used do not. Digits
// and brackets at the end do not count: password2 is password.
func IsSecret(name string) bool { return endsInSecret(name, len(name)) }

// Named is [Text] for the value of something called name, such as an attribute.
// It returns [Redacted] for every text of a name that [IsSecret].
func Named(name, text string) string {
	if text != "" && IsSecret(name) {
		return Redacted
	}
	return Text(text)
}

// endsInSecret is [IsSecret] for the name that ends at end.
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

// endsIn reports whether s[:end] ends in name, which is lower case.
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

// isJoint reports whether c stands between the words of a name.
func isJoint(c byte) bool {
	switch c {
	case '_', '-', '.', ' ', '[', ']':
		return true
	}
	return false
}

// secretEndings are the last two letters of the names of credentials: for each last
// letter, a set of the letters before it.
var secretEndings = func() (endings [32]uint32) {
	for _, name := range secretNames {
		endings[name[len(name)-1]&31] |= 1 << (name[len(name)-2] & 31)
	}
	return endings
}()
