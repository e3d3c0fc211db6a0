package privacy

// A name is the normalized name of a parameter. It is compared with the table of credentials. A
// normalized name is decoded and in lower case, and contains only letters and digits. If the
// parameter has brackets, as in user[password], only the text in the last brackets is used.
type name struct {
	buf     [32]byte // longer than every name in the table
	len     int
	bracket bool
}

// add appends the next character of the parameter, c, in normalized form.
func (n *name) add(c rune) {
	switch {
	case c == '[':
		n.bracket = true
		return
	case 'A' <= c && c <= 'Z':
		c |= 0x20
	case isDigit(c) && n.bracket:
		return // c is a part of an index, as in token[0]
	case !isDigit(c) && (c < 'a' || 'z' < c):
		return
	}
	if n.bracket {
		n.len, n.bracket = 0, false
	}
	if n.len < len(n.buf) {
		n.buf[n.len] = byte(c)
		n.len++
	}
}

// The method shortest contains the table of credentials. It returns a minimum length for values
// of the parameter n. A shorter value is not a credential. If no value of n is a credential, it
// returns 0. Every value of a name that the program has added is a credential.
func (n *name) shortest(names *Names) int {
	switch string(n.buf[:n.len]) {
	// Parameters that sign requests to storage in AWS, Google Cloud and Azure. The semantic
	// conventions 1.43 list five of them for url.full.
	case "xamzsignature", "xamzcredential", "xamzsecuritytoken", "awsaccesskeyid",
		"xgoogsignature", "xgoogcredential", "sig", "signature":
		return 1
	// OAuth 2, OpenID Connect and its logout, token exchange, JWT and SAML.
	case "token", "accesstoken", "idtoken", "idtokenhint", "refreshtoken", "logouttoken",
		"subjecttoken", "actortoken", "devicecode", "codeverifier", "clientsecret",
		"clientassertion", "assertion", "jwt", "bearer", "authorization", "auth",
		"samlresponse", "samlart", "wresult", "ticket":
		return 1
	// API keys, passwords and sessions of all other systems.
	case "apikey", "xapikey", "accesskey", "secretkey", "privatekey", "subscriptionkey",
		"authtoken", "apitoken", "bearertoken", "sessiontoken", "csrftoken", "secret",
		"password", "passwd", "passphrase", "pwd", "pass", "credential", "credentials",
		"session", "sessionid", "jsessionid", "awssecretaccesskey", "secretaccesskey":
		return 1
	// A code can also be a postcode or an error code, and a key can be a sort key. Such values
	// are shorter than the code of an OAuth redirect, the key of an Azure function or a Google
	// API key.
	case "code", "key":
		return 16
	}
	if len(names.parameters) > 0 && names.isParameter(n.buf[:n.len]) {
		return 1
	}
	return 0
}
