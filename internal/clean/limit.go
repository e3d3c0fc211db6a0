package clean

import (
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// WithMargin returns the limit for the SDK. It is higher than limit, so that a personal number or
// a credential at the limit is complete. It is not much higher, because masking a text takes time
// in proportion to its length. If limit is negative, the result is limit.
func WithMargin(limit int) int {
	if limit < 0 {
		return limit
	}
	return limit + privacy.Margin
}

// CutAttributes returns attributes with every value cleaned and cut that has a longer text than c
// allows. It does not change the other values. If there is no such value, CutAttributes returns
// its argument.
func (c Cleaner) CutAttributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cut := attributes
	for i, a := range attributes {
		if !c.isExceeded(a.Value) {
			continue
		}
		if &cut[0] == &attributes[0] {
			cut = slices.Clone(attributes)
		}
		cut[i].Value = c.Value(a.Key, a.Value)
	}
	return cut
}

func (c Cleaner) isExceeded(value attribute.Value) bool {
	if c.limit < 0 {
		return false
	}
	switch value.Type() {
	case attribute.STRING:
		return c.isExceededBy(value.AsString())
	case attribute.BYTESLICE:
		return len(value.AsByteSlice()) > c.limit
	case attribute.STRINGSLICE:
		return slices.ContainsFunc(value.AsStringSlice(), c.isExceededBy)
	case attribute.SLICE:
		return slices.ContainsFunc(value.AsSlice(), c.isExceeded)
	case attribute.MAP:
		return slices.ContainsFunc(value.AsMap(), func(a attribute.KeyValue) bool { return c.isExceeded(a.Value) })
	}
	return false
}

func (c Cleaner) isExceededBy(text string) bool {
	return len(text) > c.limit && utf8.RuneCountInString(text) > c.limit
}
