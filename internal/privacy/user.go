package privacy

import "strings"

const redactedUser = Redacted + ":" + Redacted

// redactUser redacts the user and the password of every URL in raw. It also finds a URL that is
// the encoded value of a parameter.
func redactUser(raw string) string {
	if strings.IndexByte(raw, '@') < 0 && !strings.Contains(raw, "%") {
		return raw
	}
	var b strings.Builder
	done, last := 0, strings.LastIndexByte(raw, '@')
	for i := 0; i < len(raw); {
		start, level := afterSlashes(raw, i)
		if start == len(raw) {
			break
		}
		at, end := authority(raw, start, level, last)
		if i = end; at > start && raw[start:at] != redactedUser {
			b.WriteString(raw[done:start])
			b.WriteString(redactedUser)
			done = at
		}
	}
	if done == 0 {
		return raw
	}
	b.WriteString(raw[done:])
	return b.String()
}

// afterSlashes returns the index after the next two slashes. level is how many times these
// slashes were percent-encoded. If there are no two slashes, the index is len(raw).
func afterSlashes(raw string, i int) (start, level int) {
	slashes := 0
	for i < len(raw) {
		c, of, width := urlChar(raw, i)
		i += width
		if c != '/' || slashes > 0 && of != level {
			slashes = 0
		}
		if c == '/' {
			slashes, level = slashes+1, of
		}
		if slashes >= 2 && (i == len(raw) || raw[i] != '/') {
			return i, level
		}
	}
	return len(raw), 0
}

// The function authority finds the user and the end of the authority that begins at start. The
// result at is the index of the at sign after the user, or -1 if there is no user. The result end
// is the index of the end of the authority. The argument level is how many times the authority
// was encoded. The argument last is the index of the last at sign in raw.
//
// In a password, a slash, a question mark and a hash sign should be encoded. If such a
// character is not encoded, the text before it looks like a host with a port that is not a
// number. In that case, authority treats the next at sign as the end of the authority.
func authority(raw string, start, level, last int) (at, end int) {
	at, end = -1, len(raw)
	for i := start; i < end; {
		c, of, width := urlChar(raw, i)
		switch {
		case of > level:
		case c == '@':
			at = i
		case c == '/' || c == '?' || c == '#' || c == '&' && level > 0:
			end = i
		}
		i += width
	}
	if at < 0 && level == 0 && end < last && !hasPort(raw[start:end]) {
		at = end + strings.IndexByte(raw[end:], '@')
		return at, at
	}
	return at, end
}

// hasPort reports whether the text after the first colon of host is a port number. It also
// returns true if host has no colon, or if host is an IPv6 address in brackets.
func hasPort(host string) bool {
	if strings.HasPrefix(host, "[") {
		return true
	}
	_, port, _ := strings.Cut(host, ":")
	return strings.Trim(port, "0123456789") == ""
}
