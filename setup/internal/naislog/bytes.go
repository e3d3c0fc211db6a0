package naislog

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/nais/spor/internal/privacy"
)

// encoding/json writes bytes in base64. Text in base64 is not readable, and the personal
// numbers and credentials in the text are not masked. Therefore bytes that are valid UTF-8
// are written as text.

// hasBytes reports whether encoding/json would write value, or a part of value, in base64.
func hasBytes(value any) bool {
	s := byteSearch{budget: mostValues}
	s.look(reflect.ValueOf(value))
	return len(s.found) > 0
}

// plainBytes returns a copy of value that has the result of byteText instead of each byte slice.
// ok is false if value has no byte slice, or if value cannot be encoded.
func plainBytes(value any) (plain slog.Value, ok bool) {
	s := byteSearch{all: true, budget: mostValues}
	v := reflect.ValueOf(value)
	s.look(v)
	switch {
	case len(s.found) == 0:
		return slog.Value{}, false
	case v.Kind() == reflect.Slice && len(s.found) == 1 && isBytes(v.Type()):
		return byteText(s.found[0]), true
	}
	written, err := marshal(value)
	if err != nil {
		return slog.Value{}, false // slog will report this error in the line
	}
	pairs := make([]string, 0, 2*len(s.found))
	for _, found := range s.found {
		text, err := marshal(byteText(found).Any())
		if err == nil {
			pairs = append(pairs, `"`+base64.StdEncoding.EncodeToString(found)+`"`, text)
		}
	}
	return slog.AnyValue(json.RawMessage(strings.NewReplacer(pairs...).Replace(written))), true
}

// byteText returns b as text if b is valid UTF-8. Otherwise it returns a byte slice in which
// personal numbers and credentials are masked.
func byteText(b []byte) slog.Value {
	if utf8.Valid(b) {
		return slog.StringValue(string(b))
	}
	return slog.AnyValue([]byte(privacy.Text(string(b))))
}

// marshal encodes value in the same way as slog. If a method of value panics, marshal
// returns errPanic.
func marshal(value any) (text string, err error) {
	defer func() { // a method of value that panics here will also panic when slog calls it
		if recover() != nil {
			err = errPanic
		}
	}()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

var errPanic = errors.New("!PANIC")

// byteSearch finds the byte slices in a value. It finds only the slices that encoding/json
// would write.
type byteSearch struct {
	all    bool // find all byte slices, not only the first one
	found  [][]byte
	budget int // the number of values that the search may still visit
	depth  int
}

const (
	mostValues   = 1 << 16
	deepestValue = 64
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func (s *byteSearch) look(v reflect.Value) {
	if !v.IsValid() || !mayHaveBytes(v.Kind()) || s.budget <= 0 || s.depth == deepestValue || len(s.found) > 0 && !s.all {
		return
	}
	s.budget--
	t := v.Type()
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		s.look(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanInterface() {
				s.look(field)
			}
		}
	case reflect.Map:
		if mayHaveBytes(t.Elem().Kind()) {
			for entry := v.MapRange(); entry.Next(); {
				s.look(entry.Value())
			}
		}
	default:
		s.lookAtList(v)
	}
}

func (s *byteSearch) lookAtList(v reflect.Value) {
	switch {
	case isBytes(v.Type()):
		if v.Len() > 0 {
			s.found = append(s.found, v.Bytes())
		}
	case mayHaveBytes(v.Type().Elem().Kind()):
		for i := range v.Len() {
			s.look(v.Index(i))
		}
	}
}

// isBytes reports whether encoding/json writes a slice of type t in base64.
func isBytes(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Uint8 {
		return false
	}
	of := reflect.PointerTo(t.Elem())
	return !of.Implements(jsonMarshaler) && !of.Implements(textMarshaler)
}

func mayHaveBytes(kind reflect.Kind) bool {
	switch kind {
	case reflect.Pointer, reflect.Interface, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return true
	}
	return false
}
