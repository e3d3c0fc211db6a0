package query

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/internal/viewer"
)

const (
	longestText    = 8192 // characters
	longestDetails = 256  // characters; package viewer cuts each value in them at 1,024 bytes
)

// The function mask masks all texts that answer points to: personal numbers and credentials.
func mask(answer any) { maskValue(reflect.ValueOf(answer)) }

func maskValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			maskValue(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			maskValue(v.Index(i))
		}
	case reflect.Struct:
		maskStruct(v)
	case reflect.String:
		v.SetString(maskText(v.String()))
	case reflect.Map, reflect.Interface:
		panic("the answers of package viewer contain no " + v.Kind().String()) // it would not be masked
	}
}

func maskStruct(v reflect.Value) {
	switch s := v.Addr().Interface().(type) {
	case *viewer.Attribute:
		s.Key, s.Value = display.Text(s.Key), display.Text(s.Value)
		s.Value = maskAttribute(*s)
		s.Key = string(clean.Standard().Key(attribute.Key(s.Key)))
		if s.Twin != nil {
			maskValue(reflect.ValueOf(s.Twin))
		}
		return
	case *viewer.Line:
		s.Labels = maskList(display.Text(s.Labels))
	case *viewer.Log:
		s.Message = display.Text(s.Message)
		if _, err := strconv.ParseFloat(s.Message, 64); err == nil || strings.HasPrefix(s.Message, "{") || strings.HasPrefix(s.Message, "[") {
			s.Message = maskList(s.Message) // the body may be a map, a list or a number
		}
	case *viewer.Row:
		s.Details = display.Text(s.Details)
		if s.System == "" {
			s.Details = maskList(s.Details) // it may contain pairs of a key and a value
		}
		s.Details = clean.Standard().WithLimit(longestDetails).Named("", s.Details)
	}
	for _, field := range v.Fields() {
		maskValue(field)
	}
}

// The function maskText masks text as it is shown: without escape sequences, for example for
// colours, and without invisible characters, which could be in the middle of a number.
func maskText(text string) string {
	return clean.Standard().WithLimit(longestText).Named("", display.Text(text))
}

// maskAttribute returns the masked value of a, as package setup would export it. It redacts all of
// a list or a map if the key is the name of a credential.
func maskAttribute(a viewer.Attribute) string {
	key, cleaner := attribute.Key(a.Key), clean.Standard().WithLimit(longestText)
	switch a.Type {
	case "int":
		if n, err := strconv.ParseInt(a.Value, 10, 64); err == nil {
			return strconv.FormatInt(cleaner.Value(key, attribute.Int64Value(n)).AsInt64(), 10)
		}
	case "double":
		if f, err := strconv.ParseFloat(a.Value, 64); err == nil {
			return strconv.FormatFloat(cleaner.Value(key, attribute.Float64Value(f)).AsFloat64(), 'g', -1, 64)
		}
	case "array", "map":
		return cleaner.Named(key, maskList(a.Value))
	case "json":
		masked := string(privacy.Standard().Line([]byte(a.Value)))
		if !strings.HasPrefix(masked, "{") && !strings.HasPrefix(masked, "[") {
			key = "" // numbers and booleans are no credentials
		}
		return cleaner.Named(key, masked)
	case "bool":
		return a.Value
	}
	return cleaner.Named(key, a.Value)
}

// numberInList finds numbers that may be personal numbers without the leading zero, or with an
// exponent.
var numberInList = regexp.MustCompile(`\b[0-9][0-9.]{8,}(e\+[0-9]+)?\b`)

// The function maskList masks a text that package viewer has made from several values, such as
// {a=1, b=[2, 3]}. The text does not show where a value ends. So all text after the name of a
// credential is redacted.
func maskList(text string) string {
	for i, c := range []byte(text) {
		if c == '=' && i+1 < len(text) && privacy.Standard().IsSecret(text[:i]) {
			text = text[:i+1] + privacy.Redacted
			break
		}
	}
	return numberInList.ReplaceAllStringFunc(text, func(number string) string {
		if f, err := strconv.ParseFloat(number, 64); err == nil && privacy.Float(f) && len(number) != len(privacy.Masked) {
			return strconv.Itoa(privacy.MaskedNumber)
		}
		return number
	})
}
