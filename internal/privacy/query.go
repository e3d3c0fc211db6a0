package privacy

import "strings"

// Redacted replaces a credential. The semantic conventions specify the same value for url.full
// and url.query.
const Redacted = "REDACTED"

// Query replaces the values of credential parameters in raw with [Redacted]. raw is a query
// string, a fragment or the body of a form. All other bytes stay the same. If there is nothing
// to redact, Query returns raw itself.
//
// Query decodes each name and compares it with the table of credentials. It ignores case and
// punctuation. If a name has brackets, it compares only the text in the last brackets. So
// acc%65ss_token, Access-Token and user[accessToken] all match access_token.
//
// If the value of a parameter is itself an encoded URL, Query also redacts the parameters of
// that URL. A value ends at the next ampersand or hash sign. It also ends at a semicolon if
// another parameter follows directly after the semicolon.
func Query(raw string) string {
	return redact(raw, true, standard)
}

// URL is like [Query]. Its argument is a whole URL or a reference. URL redacts parameters in
// the path, the query and the fragment. It replaces the user and the password with
// REDACTED:REDACTED.
func URL(raw string) string {
	return redact(redactUser(raw), false, standard)
}

// redact redacts the parameters in raw. If pastPath is true, raw begins with parameters.
// Otherwise raw begins with a URL or with a path.
func redact(raw string, pastPath bool, n *Names) string {
	if !mayHaveParameters(raw) {
		return raw
	}
	var b strings.Builder
	done := 0
	c := credentials{raw: raw, pastPath: pastPath, names: n}
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

// mayHaveParameters is a fast check. If it returns false, raw contains no parameters. Every
// parameter has an equals sign, which may be encoded.
func mayHaveParameters(raw string) bool {
	return strings.IndexByte(raw, '=') >= 0 || strings.IndexByte(raw, '%') >= 0 || strings.IndexByte(raw, '\\') >= 0
}
