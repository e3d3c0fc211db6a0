package clean

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// Attributes returns a copy of attributes in which all keys and values are clean, and all values
// are cut.
func (c Cleaner) Attributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cleaned := make([]attribute.KeyValue, len(attributes))
	for i, a := range attributes {
		cleaned[i] = attribute.KeyValue{Key: c.Key(a.Key), Value: c.Value(a.Key, a.Value)}
	}
	return cleaned
}

// Value cleans all texts in value, cuts them, masks all personal numbers in value, and returns the
// result. It does not cut the keys of maps. key is the key of the attribute with this value. If key
// is the name of a credential, every text in value is redacted. Texts in lists and maps are
// redacted too.
func (c Cleaner) Value(key attribute.Key, value attribute.Value) attribute.Value {
	switch value.Type() {
	case attribute.STRING:
		return attribute.StringValue(c.Named(key, value.AsString()))
	case attribute.STRINGSLICE:
		texts := value.AsStringSlice()
		for i := range texts {
			texts[i] = c.Named(key, texts[i])
		}
		return attribute.StringSliceValue(texts)
	case attribute.BYTESLICE:
		return attribute.ByteSliceValue([]byte(c.bytes(key, string(value.AsByteSlice()))))
	case attribute.SLICE:
		values := value.AsSlice()
		for i := range values {
			values[i] = c.Value(key, values[i])
		}
		return attribute.SliceValue(values...)
	case attribute.MAP:
		members := c.Attributes(value.AsMap())
		if c.names.IsSecret(string(key)) {
			for i := range members {
				members[i].Value = c.Value(key, members[i].Value)
			}
		}
		return attribute.MapValue(members...)
	case attribute.INT64:
		return attribute.Int64Value(maskedInt(key, value.AsInt64()))
	case attribute.FLOAT64:
		return attribute.Float64Value(maskedFloat(key, value.AsFloat64()))
	case attribute.INT64SLICE:
		return attribute.Int64SliceValue(mapped(value.AsInt64Slice(), key, maskedInt))
	case attribute.FLOAT64SLICE:
		return attribute.Float64SliceValue(mapped(value.AsFloat64Slice(), key, maskedFloat))
	}
	return value
}

func maskedInt(key attribute.Key, n int64) int64 {
	if privacy.Number(n) && !privacy.Counts(string(key)) {
		return privacy.MaskedNumber
	}
	return n
}

func maskedFloat(key attribute.Key, f float64) float64 {
	if privacy.Float(f) && !privacy.Counts(string(key)) {
		return privacy.MaskedNumber
	}
	return f
}

// mapped calls clean for each item of values, and replaces the item by the result. It
// changes values, so the caller must pass a copy.
func mapped[N int64 | float64](values []N, key attribute.Key, clean func(attribute.Key, N) N) []N {
	for i := range values {
		values[i] = clean(key, values[i])
	}
	return values
}

// AreClean reports whether [Cleaner.Attributes] would return attributes unchanged.
func (c Cleaner) AreClean(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		if c.Key(a.Key) != a.Key || !c.IsCleanValue(a.Key, a.Value) {
			return false
		}
	}
	return true
}

// IsCleanValue reports whether [Cleaner.Value] would return value unchanged. If key is the name
// of a credential and value is a map, IsCleanValue reports false without reading the map.
func (c Cleaner) IsCleanValue(key attribute.Key, value attribute.Value) bool {
	switch value.Type() {
	case attribute.STRING:
		text := value.AsString()
		return c.Named(key, text) == text
	case attribute.STRINGSLICE:
		return !slices.ContainsFunc(value.AsStringSlice(), func(text string) bool { return c.Named(key, text) != text })
	case attribute.BYTESLICE:
		bytes := string(value.AsByteSlice())
		return c.bytes(key, bytes) == bytes
	case attribute.SLICE:
		return !slices.ContainsFunc(value.AsSlice(), func(v attribute.Value) bool { return !c.IsCleanValue(key, v) })
	case attribute.MAP:
		return !c.names.IsSecret(string(key)) && c.AreClean(value.AsMap())
	case attribute.INT64:
		return !privacy.Number(value.AsInt64()) || privacy.Counts(string(key))
	case attribute.FLOAT64:
		return !privacy.Float(value.AsFloat64()) || privacy.Counts(string(key))
	case attribute.INT64SLICE:
		return privacy.Counts(string(key)) || !slices.ContainsFunc(value.AsInt64Slice(), privacy.Number)
	case attribute.FLOAT64SLICE:
		return privacy.Counts(string(key)) || !slices.ContainsFunc(value.AsFloat64Slice(), privacy.Float)
	}
	return true
}
