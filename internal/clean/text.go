// Package clean makes exported text, attributes and values safe. It masks personal numbers,
// redacts credentials and repairs UTF-8.
package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// Text cleans text, and must be called for all text that is exported. It masks personal
// numbers, redacts credentials, and replaces bytes that are not UTF-8 with U+FFFD, because
// protocol buffers reject a whole request for one such byte. If there is nothing to clean,
// Text returns its argument.
func Text(text string) string {
	if privacy.IsPlain(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return privacy.Text(text)
}

// longestForeign is the maximum length, in a log line, of a text from the collector or the
// SDK. It is in bytes.
const longestForeign = 1 << 10

// Foreign makes a text from the collector or the SDK safe for a log line, whichever log
// handler the program uses. It cleans the text, cuts it to 1,024 bytes, and replaces line
// breaks, escape sequences and all other characters that are not printable with spaces.
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

// IsClean reports whether [Text] would return text unchanged.
func IsClean(text string) bool { return Text(text) == text }

// Named is like [Text], for the value of the attribute key. If key names a credential,
// Named redacts every text that is not empty.
func Named(key attribute.Key, text string) string {
	if text != "" && privacy.IsSecret(string(key)) {
		return privacy.Redacted
	}
	return Text(text)
}
