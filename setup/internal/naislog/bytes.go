package naislog

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// encoding/json writes bytes in base64. Text in base64 is not readable, and the personal
// numbers and credentials in the text are not masked. Therefore bytes that are valid UTF-8
// are written as text.

// encode writes value as JSON. The bytes in value are written as text.
func (l *line) encode(value any) error {
	if text, ok := value.(frozen); ok {
		l.buf = append(l.buf, text...)
		return nil
	}
	begin := len(l.buf)
	if err := l.json.Encode(value); err != nil {
		return err
	}
	l.buf = l.buf[:len(l.buf)-1] // without the encoder's line feed
	if found := bytesIn(value); len(found) > 0 {
		l.buf = append(l.buf[:begin], l.withText(l.buf[begin:], found)...)
	}
	return nil
}

// withText returns JSON with the texts of the byte slices in found. If a slice is not text, it
// stays in base64, with masked personal numbers and credentials.
func (l *line) withText(json []byte, found [][]byte) []byte {
	texts := make(map[string][]byte, len(found))
	var text line
	for _, b := range found {
		text.buf = nil
		if utf8.Valid(b) {
			text.quote(string(b))
		} else {
			text.quote(base64.StdEncoding.EncodeToString([]byte(l.names.Text(string(b)))))
		}
		texts[`"`+base64.StdEncoding.EncodeToString(b)+`"`] = text.buf
	}
	var out []byte
	done := 0
	for i := 0; i < len(json); i++ {
		if json[i] != '"' {
			continue
		}
		end := stringEnd(json, i)
		isKey := end < len(json) && json[end] == ':'
		if text, ok := texts[string(json[i:end])]; ok && !isKey {
			out = append(append(out, json[done:i]...), text...)
			done = end
		}
		i = end - 1
	}
	return append(out, json[done:]...)
}

// bytesIn returns the byte slices that encoding/json writes for value. encoding/json must have
// encoded value, so that it does not contain itself.
func bytesIn(value any) [][]byte {
	var s byteSearch
	s.look(reflect.ValueOf(value))
	return s.found
}

// byteSearch finds the byte slices in a value. It finds only the slices that encoding/json
// would write.
type byteSearch struct{ found [][]byte }

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func (s *byteSearch) look(v reflect.Value) {
	if !v.IsValid() || !mayHaveBytes(v.Kind()) {
		return
	}
	t := v.Type()
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		return
	}
	s.inside(v)
}

// The method inside searches the values that v contains.
func (s *byteSearch) inside(v reflect.Value) {
	switch t := v.Type(); t.Kind() {
	case reflect.Pointer, reflect.Interface:
		s.look(v.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() || field.Anonymous {
				s.look(v.Field(i))
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
