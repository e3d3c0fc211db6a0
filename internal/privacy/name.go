package privacy

// A name is the name of a parameter as the table of credentials writes it:
// decoded, lower case, letters and digits only, and of a[b] only the b.
type name struct {
	buf     [24]byte // the longest name of the table has fewer
	len     int
	bracket bool
}

// add adds the next character.
func (n *name) add(c rune) {
	switch {
	case c == '[':
		n.bracket = true
		return
	case 'A' <= c && c <= 'Z':
		c |= 0x20
	case isDigit(c) && n.bracket:
		return // an index
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

// shortest returns the length from which on a value of that name is a credential,
// 0 if it never is. This is the table.
func (n *name) shortest() int {
	switch string(n.buf[:n.len]) {
	// Semantic conventions 1.43 for url.full, and two that followed: what signs a
	// request to AWS, Google Cloud and Azure storage.
	case "xamzsignature", "xamzcredential", "xamzsecuritytoken", "awsaccesskeyid",
		"xgoogsignature", "xgoogcredential", "sig", "signature":
		return 1
	// OAuth 2, OpenID Connect and its logout, token exchange, JWT and SAML.
	case "token", "accesstoken", "idtoken", "idtokenhint", "refreshtoken", "logouttoken",
		"subjecttoken", "actortoken", "devicecode", "codeverifier", "clientsecret",
		"clientassertion", "assertion", "jwt", "bearer", "authorization", "auth",
		"samlresponse", "samlart", "wresult", "ticket":
		return 1
	// Keys, passwords and sessions of everything else.
	case "apikey", "xapikey", "accesskey", "secretkey", "privatekey", "subscriptionkey",
		"authtoken", "apitoken", "bearertoken", "sessiontoken", "csrftoken", "secret",
		"password", "passwd", "passphrase", "pwd", "pass", "credential", "credentials",
		"session", "sessionid", "jsessionid", "awssecretaccesskey", "secretaccesskey":
		return 1
	// Postcodes, error codes and sort keys have the same names, but are shorter than
	// the code of an OAuth redirect, the key of an Azure function or a Google API key.
	case "code", "key":
		return 16
	}
	return 0
}
