package privacy

import "strings"

// Redacted replaces a credential. The semantic conventions specify this value for url.full
// and url.query.
const Redacted = "REDACTED"

// Query returns raw with the values of credential parameters replaced by [Redacted]. raw is
// a query string, a fragment or the body of a form. Everything else stays the same, byte by
// byte. If there is nothing to redact, Query returns raw itself.
//
// Names are decoded before they are compared with the table of credentials, and case and
// punctuation are ignored. If a name has brackets, only the text in the last brackets is
// compared. So acc%65ss_token, Access-Token and user[accessToken] all match access_token.
//
// If the value of a parameter is itself an encoded URL, the parameters of that URL are
// redacted too. A value ends at the next ampersand or hash sign. It also ends at a
// semicolon, if another parameter comes directly after it.
func Query(raw string) string {
	return redact(raw, true)
}

// URL is like [Query], for a whole URL or a reference. It redacts parameters in the path,
// the query and the fragment, and replaces the user and the password with
// REDACTED:REDACTED.
func URL(raw string) string {
	return redact(redactUser(raw), false)
}

// redact redacts the parameters in raw. If pastPath is set, raw begins with parameters.
// Otherwise it begins with a URL or its path.
func redact(raw string, pastPath bool) string {
	if !mayHaveParameters(raw) {
		return raw
	}
	var b strings.Builder
	done := 0
	c := credentials{raw: raw, pastPath: pastPath}
	for start, end, ok := c.next(); ok; start, end, ok = c.next() {
		if raw[start:end] == Redacted {
			continue
		}
		b.WriteString(raw[done:start])
		b.WriteString(Redacted)
		done = end
	}
	if done == 0 {
		return raw
	}
	b.WriteString(raw[done:])
	return b.String()
}

// mayHaveParameters is a fast check. If it reports false, raw has no parameters, because
// every parameter has an equals sign, which may be encoded.
func mayHaveParameters(raw string) bool {
	return strings.IndexByte(raw, '=') >= 0 || strings.IndexByte(raw, '%') >= 0 || strings.IndexByte(raw, '\\') >= 0
}
