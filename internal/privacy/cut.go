package privacy

import "strings"

// Margin is how many characters [Names.Cut] reads after its limit. A personal number or a credential
// that begins before the limit can end in the margin. The longest common form of a personal
// number has 154 characters: eleven digits and a space whose percent signs are encoded four
// times. A credential may be longer than the margin, because its first characters are enough to
// recognize it. There are two exceptions: a user in a URL, which the method cut handles, and a
// JSON web token whose header does not end in the margin. Such a header is not a secret.
const Margin = 1 << 10

// Cut returns the first limit characters of [Text] of s. It masks and redacts before it cuts,
// because the first ten digits of a personal number do not look like a personal number. Cut reads
// only as many characters of s as limit and [Margin] together.
//
// The result can be shorter than limit, even if s is longer than limit:
//   - Cut has replaced a long credential.
//   - The limit is inside [Redacted]. A part of this word would look like a credential.
func (n *Names) Cut(s string, limit int) string { return n.cut(s, limit, firstChars) }

// CutBytes is like [Names.Cut], except that limit and [Margin] are in bytes. The result can end
// inside a character.
func (n *Names) CutBytes(s string, limit int) string { return n.cut(s, limit, firstBytes) }

// CutBytes is like [Names.CutBytes].
func CutBytes(s string, limit int) string { return standard.CutBytes(s, limit) }

// The method cut does the work of Cut and CutBytes. The argument first is a function that
// returns the first n characters or bytes of s.
//
// If s is as long as limit and Margin together, the caller may have cut s there. Then the end of s
// can be a part of a personal number or of a credential.
func (n *Names) cut(s string, limit int, first func(s string, n int) string) string {
	head := first(s, limit)
	margin := first(s[len(head):], Margin)
	window := s[:len(head)+len(margin)]
	if first(margin, Margin-1) == margin {
		return n.shortened(n.Text(window), limit, first)
	}
	if mayHaveSlashes(window) {
		// Text recognizes a user in a URL by the at sign after it. With another at sign at the
		// end, Text also redacts a user that does not end in the margin.
		window += "@"
	}
	cleaned := n.Text(window)
	incomplete := min(len(window)-len(head), sameEnd(cleaned, window))
	return n.shortened(cleaned[:len(cleaned)-incomplete], limit, first)
}

// mayHaveSlashes reports whether two slashes may be in s, with a user after them. The slashes can
// be escaped.
func mayHaveSlashes(s string) bool { return hasEscape(s) || strings.Contains(s, "//") }

// sameEnd returns the length of the longest common end of a and b.
func sameEnd(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// shortened cuts a result of Text. A number with twelve digits is not a personal number, but its
// first eleven digits can look like one. So shortened calls Text again.
func (n *Names) shortened(cleaned string, limit int, first func(s string, n int) string) string {
	head := first(cleaned, limit)
	if head == cleaned {
		return cleaned
	}
	for part := 1; part < len(Redacted) && part <= len(head); part++ {
		if at := len(head) - part; hasPrefix(cleaned, at, Redacted) {
			head = head[:at]
			break
		}
	}
	return first(n.Text(head), limit)
}

// firstChars returns the first n characters of s. A byte that is not valid UTF-8 counts as a
// character.
func firstChars(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func firstBytes(s string, n int) string { return s[:min(n, len(s))] }
