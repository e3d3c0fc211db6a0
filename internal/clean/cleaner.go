// Package clean makes exported text, attributes and values safe. It masks personal numbers,
// redacts credentials and repairs UTF-8.
package clean

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// A Cleaner cleans texts and the values of attributes. It is safe for concurrent use.
type Cleaner struct {
	names *privacy.Names
	// limit is the maximum length of each text in the value of an attribute, in characters. For a
	// byte slice, it is a number of bytes. If it is negative, nothing is cut.
	limit int
}

// New returns a Cleaner that redacts the values of names, and does not cut.
func New(names *privacy.Names) Cleaner { return Cleaner{names, -1} }

// Standard returns a Cleaner with the standard names of credentials.
func Standard() Cleaner { return New(privacy.Standard()) }

// WithLimit returns a Cleaner that also cuts the values of attributes to limit characters. If limit
// is negative, it does not cut.
//
// Texts must be cut with a Cleaner, or with the functions of package privacy. If the SDK cuts a
// text at the limit, it can cut a personal number in two, and its first digits are no longer
// recognized. So the SDK gets the result of [WithMargin].
func (c Cleaner) WithLimit(limit int) Cleaner { return Cleaner{c.names, limit} }

// Text masks the personal numbers in text and redacts the credentials. All text that is
// exported must be cleaned with Text. Text also replaces bytes that are not valid UTF-8 by
// U+FFFD, because one such byte in a request makes protocol buffers reject the whole
// request. If there is nothing to clean, Text returns its argument. Text never cuts.
func (c Cleaner) Text(text string) string {
	if c.names.IsPlain(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return c.names.Text(text)
}

// IsClean reports whether [Cleaner.Text] would return text unchanged.
func (c Cleaner) IsClean(text string) bool { return c.Text(text) == text }

// Key is like [Cleaner.Text]. Its argument is the key of an attribute. The key may be a personal
// number that was converted to text, without its leading zero.
func (c Cleaner) Key(key attribute.Key) attribute.Key {
	if privacy.IsNumber(string(key)) {
		return privacy.Masked
	}
	return attribute.Key(c.Text(string(key)))
}

// Named cleans and cuts text. key is the key of the attribute whose value is text. If key is the
// name of a credential, Named redacts the whole text unless it is empty.
func (c Cleaner) Named(key attribute.Key, text string) string {
	switch {
	case text != "" && c.names.IsSecret(string(key)):
		return c.redacted()
	case c.limit < 0:
		return c.Text(text)
	case len(text) <= c.limit && c.names.IsPlain(text):
		return text
	case !utf8.ValidString(text):
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return c.names.Cut(text, c.limit)
}

// The method bytes is like Named. The text may be invalid UTF-8, and stays so.
func (c Cleaner) bytes(key attribute.Key, text string) string {
	switch {
	case text != "" && c.names.IsSecret(string(key)):
		return c.redacted()
	case c.limit < 0:
		return c.names.Text(text)
	}
	return c.names.CutBytes(text, c.limit)
}

// redacted returns "" if there is no room for the whole word. A part of it would look like a
// credential.
func (c Cleaner) redacted() string {
	if 0 <= c.limit && c.limit < len(privacy.Redacted) {
		return ""
	}
	return privacy.Redacted
}
