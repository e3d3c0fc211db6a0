package clean

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// A Limit is the maximum length of each text in the value of an attribute, in characters. For a
// byte slice, it is a number of bytes. If a Limit is negative, nothing is cut.
//
// Texts must be cut with a Limit, or with the functions of package privacy. If the SDK cuts a
// text at the limit, it can cut a personal number in two, and its first digits are no longer
// recognized. So the SDK gets the result of [Limit.WithMargin].
type Limit int

// NoLimit is the Limit of values that are not cut.
const NoLimit Limit = -1

// WithMargin returns the limit for the SDK. It is higher than l, so that a personal number or a
// credential at the limit is complete. It is not much higher, because masking a text takes time
// in proportion to its length.
func (l Limit) WithMargin() int {
	if l < 0 {
		return int(l)
	}
	return int(l) + privacy.Margin
}

// CutAttributes returns attributes with every value cleaned and cut that has a longer text than l
// allows. It does not change the other values. If there is no such value, CutAttributes returns
// its argument.
func (l Limit) CutAttributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cut := attributes
	for i, a := range attributes {
		if !l.isExceeded(a.Value) {
			continue
		}
		if &cut[0] == &attributes[0] {
			cut = slices.Clone(attributes)
		}
		cut[i].Value = l.Value(a.Key, a.Value)
	}
	return cut
}

func (l Limit) isExceeded(value attribute.Value) bool {
	if l < 0 {
		return false
	}
	switch value.Type() {
	case attribute.STRING:
		return l.isExceededBy(value.AsString())
	case attribute.BYTESLICE:
		return len(value.AsByteSlice()) > int(l)
	case attribute.STRINGSLICE:
		return slices.ContainsFunc(value.AsStringSlice(), l.isExceededBy)
	case attribute.SLICE:
		return slices.ContainsFunc(value.AsSlice(), l.isExceeded)
	case attribute.MAP:
		return slices.ContainsFunc(value.AsMap(), func(a attribute.KeyValue) bool { return l.isExceeded(a.Value) })
	}
	return false
}

func (l Limit) isExceededBy(text string) bool {
	return len(text) > int(l) && utf8.RuneCountInString(text) > int(l)
}

// named is like [Named], and cuts the result.
func (l Limit) named(key attribute.Key, text string) string {
	switch {
	case l < 0:
		return Named(key, text)
	case text != "" && privacy.IsSecret(string(key)):
		return l.redacted()
	case len(text) <= int(l) && privacy.IsPlain(text):
		return text
	case !utf8.ValidString(text):
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return privacy.Cut(text, int(l))
}

// The method bytes is like named. The text may be invalid UTF-8, and stays so.
func (l Limit) bytes(key attribute.Key, text string) string {
	switch {
	case l < 0:
		return privacy.Named(string(key), text)
	case text != "" && privacy.IsSecret(string(key)):
		return l.redacted()
	}
	return privacy.CutBytes(text, int(l))
}

// redacted returns "" if there is no room for the whole word. A part of it would look like a
// credential.
func (l Limit) redacted() string {
	if int(l) < len(privacy.Redacted) {
		return ""
	}
	return privacy.Redacted
}
