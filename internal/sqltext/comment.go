package sqltext

import "strings"

// lineComment reads a comment up to the end of the line. If the comment contains a carriage
// return without a line feed, the text is doubtful. The reason is that databases disagree
// on whether this carriage return ends the line.
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

// isHint reports whether some databases read the block comment at the beginning of text as
// code. In these databases, quotes and comments in the code determine where the block
// comment ends.
func isHint(text string) bool {
	return strings.HasPrefix(text, "/*!") || strings.HasPrefix(text, "/*M!") || strings.HasPrefix(text, "/*+")
}

// isPlain reports whether text contains no quotes and no comments. It accepts only names,
// spaces and a few signs.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isNamePart(c) && !isSpace(c) && strings.IndexByte("!+,.=()", c) < 0 {
			return false
		}
	}
	return true
}
