package setup

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// cleanText is applied to every text that is exported: personal numbers are
// masked, credentials in URLs redacted, and what is not UTF-8 becomes U+FFFD,
// since protocol buffers would refuse it, and with it the whole request. It
// returns its argument when there is nothing to do.
func cleanText(text string) string {
	if privacy.IsPlain(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return privacy.Text(text)
}

func isClean(text string) bool { return cleanText(text) == text }

func cleanAttributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cleaned := make([]attribute.KeyValue, len(attributes))
	for i, a := range attributes {
		cleaned[i] = attribute.KeyValue{Key: attribute.Key(cleanText(string(a.Key))), Value: cleanValue(a.Value)}
	}
	return cleaned
}

func cleanValue(value attribute.Value) attribute.Value {
	switch value.Type() {
	case attribute.STRING:
		return attribute.StringValue(cleanText(value.AsString()))
	case attribute.STRINGSLICE:
		texts := value.AsStringSlice()
		for i := range texts {
			texts[i] = cleanText(texts[i])
		}
		return attribute.StringSliceValue(texts)
	case attribute.BYTESLICE:
		return attribute.ByteSliceValue([]byte(privacy.Text(string(value.AsByteSlice())))) // which may not be UTF-8
	case attribute.SLICE:
		values := value.AsSlice()
		for i := range values {
			values[i] = cleanValue(values[i])
		}
		return attribute.SliceValue(values...)
	case attribute.MAP:
		return attribute.MapValue(cleanAttributes(value.AsMap())...)
	}
	return value
}

func areClean(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		if !isClean(string(a.Key)) || !isCleanValue(a.Value) {
			return false
		}
	}
	return true
}

func isCleanValue(value attribute.Value) bool {
	switch value.Type() {
	case attribute.STRING:
		return isClean(value.AsString())
	case attribute.STRINGSLICE:
		return !slices.ContainsFunc(value.AsStringSlice(), func(text string) bool { return !isClean(text) })
	case attribute.BYTESLICE:
		bytes := string(value.AsByteSlice())
		return privacy.Text(bytes) == bytes
	case attribute.SLICE:
		return !slices.ContainsFunc(value.AsSlice(), func(v attribute.Value) bool { return !isCleanValue(v) })
	case attribute.MAP:
		return areClean(value.AsMap())
	}
	return true
}
