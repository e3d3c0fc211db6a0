package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is like [Cleaner.Text], with the standard names of credentials.
func Text(text string) string { return Standard().Text(text) }

// longestForeign is the maximum length in bytes of a text from the collector or the SDK in
// a log line. A longer text is cut.
const longestForeign = 1 << 10

// Foreign makes a text from the collector or the SDK safe for a log line. The result is
// safe with every log handler that the program may use. Foreign cleans the text and cuts
// it to 1,024 bytes. A space replaces each character that is not printable, such as a line
// break or the escape character.
func Foreign(text string) string {
	text = Text(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
	if len(text) <= longestForeign {
		return text
	}
	const more = "…"
	end := longestForeign - len(more)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
