package privacy

import "strings"

// redactedUser stands where user and password stood.
const redactedUser = Redacted + ":" + Redacted

// redactUser returns raw with the user and password of every URL in it redacted.
func redactUser(raw string) string {
	if strings.IndexByte(raw, '@') < 0 {
		return raw
	}
	var b strings.Builder
	done := 0
	for i := 0; ; {
		slashes := strings.Index(raw[i:], "//")
		if slashes < 0 {
			break
		}
		i += slashes + len("//")
		end := i + userLen(raw[i:])
		if end == i || raw[i:end] == redactedUser {
			continue
		}
		b.WriteString(raw[done:i])
		b.WriteString(redactedUser)
		i, done = end, end
	}
	if done == 0 {
		return raw
	}
	b.WriteString(raw[done:])
	return b.String()
}

// userLen returns the length of the user and password that the authority begins
// with, 0 for none. A password may hold an at sign, and where it holds a slash
// that should have been encoded, it looks like a port that is no number.
func userLen(authority string) int {
	end := strings.IndexAny(authority, "/?#")
	if end < 0 {
		end = len(authority)
	}
	if at := strings.LastIndexByte(authority[:end], '@'); at >= 0 {
		return at
	}
	if hasPort(authority[:end]) {
		return 0
	}
	return max(strings.IndexByte(authority, '@'), 0)
}

// hasPort reports whether a colon in host, if there is one, is followed by a port.
func hasPort(host string) bool {
	if strings.HasPrefix(host, "[") {
		return true
	}
	_, port, _ := strings.Cut(host, ":")
	return strings.Trim(port, "0123456789") == ""
}
