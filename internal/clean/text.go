// Package clean masks and mends what is exported: texts, attributes, and their values.
package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// Text is applied to every text that is exported: personal numbers are
// masked, credentials redacted, and what is not UTF-8 becomes U+FFFD,
// since protocol buffers would refuse it, and with it the whole request. It
// returns its argument when there is nothing to do.
func Text(text string) string {
	if privacy.IsPlain(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return privacy.Text(text)
}

// longestForeign is how many bytes a log line has at most of a text that the
// collector or the SDK wrote.
const longestForeign = 1 << 10

// Foreign returns such a text as a log line may have it, whatever the program's
// handler does with it: cleaned, cut, and with spaces in place of line breaks, escape
// sequences and everything else that is not printed.
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

// IsClean reports whether Text would return text as it is.
func IsClean(text string) bool { return Text(text) == text }

// Named is [Text] for a value of that key. All that is in a value of
// credentials is one, whatever the keys in it.
func Named(key attribute.Key, text string) string {
	if text != "" && privacy.IsSecret(string(key)) {
		return privacy.Redacted
	}
	return Text(text)
}
