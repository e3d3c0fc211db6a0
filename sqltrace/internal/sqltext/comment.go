package sqltext

import "strings"

// lineComment reads a comment to the end of its line. Databases disagree about a
// carriage return alone.
func lineComment(text string) (kind, int) {
	n := strings.IndexByte(text, '\n')
	if n < 0 {
		n = len(text)
	}
	if i := strings.IndexByte(text[:n], '\r'); i >= 0 && i != n-1 {
		return doubtful(text)
	}
	return comment, n
}

// block reads a block comment.
func (r *rules) block(text string) (kind, int) {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '/' && text[i+1] == '*' && (depth == 0 || r.comments != flat):
			if r.comments != nested && depth > 0 {
				return doubtful(text)
			}
			depth++
			i++
		case text[i] == '*' && text[i+1] == '/':
			depth--
			i++
			if depth > 0 {
				continue
			}
			if r.hints && isHint(text) && !isPlain(text[2:i-1]) {
				return doubtful(text)
			}
			return comment, i + 1
		}
	}
	return doubtful(text)
}

// isHint reports whether a block comment is code for some databases: then quotes
// and comments in it decide where it ends.
func isHint(text string) bool {
	return strings.HasPrefix(text, "/*!") || strings.HasPrefix(text, "/*M!") || strings.HasPrefix(text, "/*+")
}

// isPlain reports whether there are neither quotes nor comments in text.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isNamePart(c) && !isSpace(c) && strings.IndexByte("!+,.=()", c) < 0 {
			return false
		}
	}
	return true
}
