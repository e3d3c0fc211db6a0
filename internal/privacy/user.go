package privacy

import "strings"

// redactedUser stands where user and password stood.
const redactedUser = Redacted + ":" + Redacted

// redactUser returns raw with the user and password of every URL in it redacted,
// also of a URL that is encoded as the value of a parameter.
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

// afterSlashes returns the place behind the next two slashes, len(raw) for none,
// and how often they were percent-encoded.
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

// authority returns where the authority that begins at start ends, and the place
// of the at sign behind its user, -1 for none. The slash, question mark or hash
// in a password that should have been encoded makes it look as if a host came
// first, with a port that is no number: such an authority ends at the at sign.
// The last at sign of raw is at last.
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

// hasPort reports whether a colon in host, if there is one, is followed by a port.
func hasPort(host string) bool {
	if strings.HasPrefix(host, "[") {
		return true
	}
	_, port, _ := strings.Cut(host, ":")
	return strings.Trim(port, "0123456789") == ""
}
