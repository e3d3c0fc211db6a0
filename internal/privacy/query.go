package privacy

import "strings"

// Redacted stands where a credential stood: the value that the semantic
// conventions give for url.full and url.query.
const Redacted = "REDACTED"

// Query returns a query string, a fragment or the body of a form with the values
// of the parameters in the table of credentials replaced by [Redacted]. All else
// stays as it is, byte for byte, and raw itself is returned when there is none.
//
// Names are compared decoded, without case and punctuation, and in the last
// bracket: acc%65ss_token, Access-Token and user[accessToken] are access_token.
// Parameters of a URL that is itself the value of a parameter count, however
// often it was encoded. A value ends at the next ampersand, or at a semicolon
// with another parameter behind it.
func Query(raw string) string {
	return redact(raw, true)
}

// URL is [Query] for a whole URL or a reference: parameters in its path, query
// and fragment are redacted, and user and password become REDACTED:REDACTED.
func URL(raw string) string {
	return redact(redactUser(raw), false)
}

// redact redacts the parameters in raw, of which pastPath says that it begins
// with them and not with the path of a URL.
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

// mayHaveParameters is a fast no: every parameter has an equals sign, which may
// be encoded.
func mayHaveParameters(raw string) bool {
	return strings.IndexByte(raw, '=') >= 0 || strings.IndexByte(raw, '%') >= 0 || strings.IndexByte(raw, '\\') >= 0
}
