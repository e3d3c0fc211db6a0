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

// Text masks the personal numbers in text and redacts the credentials. All text that is
// exported must be cleaned with Text. Text also replaces bytes that are not valid UTF-8 by
// U+FFFD, because one such byte in a request makes protocol buffers reject the whole
// request. If there is nothing to clean, Text returns its argument.
func Text(text string) string {
	if privacy.IsPlain(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return privacy.Text(text)
}

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

// IsClean reports whether [Text] would return text unchanged.
func IsClean(text string) bool { return Text(text) == text }

// Key is like [Text]. Its argument is the key of an attribute. The key may be a personal number that
// was converted to text, without its leading zero.
func Key(key attribute.Key) attribute.Key {
	if privacy.IsNumber(string(key)) {
		return privacy.Masked
	}
	return attribute.Key(Text(string(key)))
}

// Named cleans text. key is the key of the attribute whose value is text. If key is the
// name of a credential, Named redacts the whole text unless it is empty. Otherwise, Named
// does the same as [Text].
func Named(key attribute.Key, text string) string {
	if text != "" && privacy.IsSecret(string(key)) {
		return privacy.Redacted
	}
	return Text(text)
}
