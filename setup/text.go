package setup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/privacy"
)

// cleanText is applied to every text that is exported: personal numbers are
// masked, credentials redacted, and what is not UTF-8 becomes U+FFFD,
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

// longestForeign is how many bytes a log line has at most of a text that the
// collector or the SDK wrote.
const longestForeign = 1 << 10

// foreignText returns such a text as a log line may have it, whatever the program's
// handler does with it: cleaned, cut, and with spaces in place of line breaks, escape
// sequences and everything else that is not printed.
func foreignText(text string) string {
	text = cleanText(strings.Map(func(r rune) rune {
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

func isClean(text string) bool { return cleanText(text) == text }

func cleanAttributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cleaned := make([]attribute.KeyValue, len(attributes))
	for i, a := range attributes {
		cleaned[i] = attribute.KeyValue{Key: attribute.Key(cleanText(string(a.Key))), Value: cleanValue(a.Key, a.Value)}
	}
	return cleaned
}

// cleanNamed is cleanText for a value of that key. All that is in a value of
// credentials is one, whatever the keys in it.
func cleanNamed(key attribute.Key, text string) string {
	if text != "" && privacy.IsSecret(string(key)) {
		return privacy.Redacted
	}
	return cleanText(text)
}

func cleanValue(key attribute.Key, value attribute.Value) attribute.Value {
	switch value.Type() {
	case attribute.STRING:
		return attribute.StringValue(cleanNamed(key, value.AsString()))
	case attribute.STRINGSLICE:
		texts := value.AsStringSlice()
		for i := range texts {
			texts[i] = cleanNamed(key, texts[i])
		}
		return attribute.StringSliceValue(texts)
	case attribute.BYTESLICE:
		return attribute.ByteSliceValue([]byte(privacy.Named(string(key), string(value.AsByteSlice())))) // which may not be UTF-8
	case attribute.SLICE:
		values := value.AsSlice()
		for i := range values {
			values[i] = cleanValue(key, values[i])
		}
		return attribute.SliceValue(values...)
	case attribute.MAP:
		members := cleanAttributes(value.AsMap())
		if privacy.IsSecret(string(key)) {
			for i := range members {
				members[i].Value = cleanValue(key, members[i].Value)
			}
		}
		return attribute.MapValue(members...)
	case attribute.INT64:
		return attribute.Int64Value(cleanInt(key, value.AsInt64()))
	case attribute.FLOAT64:
		return attribute.Float64Value(cleanFloat(key, value.AsFloat64()))
	case attribute.INT64SLICE:
		return attribute.Int64SliceValue(mapped(value.AsInt64Slice(), key, cleanInt))
	case attribute.FLOAT64SLICE:
		return attribute.Float64SliceValue(mapped(value.AsFloat64Slice(), key, cleanFloat))
	}
	return value
}

func cleanInt(key attribute.Key, n int64) int64 {
	if privacy.Number(n) && !privacy.Counts(string(key)) {
		return privacy.MaskedNumber
	}
	return n
}

func cleanFloat(key attribute.Key, f float64) float64 {
	if privacy.Float(f) && !privacy.Counts(string(key)) {
		return privacy.MaskedNumber
	}
	return f
}

// mapped changes values, which are a copy.
func mapped[N int64 | float64](values []N, key attribute.Key, clean func(attribute.Key, N) N) []N {
	for i := range values {
		values[i] = clean(key, values[i])
	}
	return values
}

func areClean(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		if !isClean(string(a.Key)) || !isCleanValue(a.Key, a.Value) {
			return false
		}
	}
	return true
}

// isCleanValue reports whether cleanValue would return value as it is. For a map
// under a name of credentials it reports false without a look.
func isCleanValue(key attribute.Key, value attribute.Value) bool {
	switch value.Type() {
	case attribute.STRING:
		text := value.AsString()
		return cleanNamed(key, text) == text
	case attribute.STRINGSLICE:
		return !slices.ContainsFunc(value.AsStringSlice(), func(text string) bool { return cleanNamed(key, text) != text })
	case attribute.BYTESLICE:
		bytes := string(value.AsByteSlice())
		return privacy.Named(string(key), bytes) == bytes
	case attribute.SLICE:
		return !slices.ContainsFunc(value.AsSlice(), func(v attribute.Value) bool { return !isCleanValue(key, v) })
	case attribute.MAP:
		return !privacy.IsSecret(string(key)) && areClean(value.AsMap())
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
