package naislog

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/nais/spor/internal/privacy"
)

// encoding/json writes bytes in base64. Text in base64 is not readable, and the personal
// numbers and credentials in the text are not masked. Therefore bytes that are valid UTF-8
// are written as text.

// encode writes value as JSON. The bytes in value are written as text.
func (l *line) encode(value any) error {
	begin := len(l.buf)
	if err := l.json.Encode(value); err != nil {
		return err
	}
	l.buf = l.buf[:len(l.buf)-1] // without the encoder's line feed
	if found := bytesIn(value); len(found) > 0 {
		text := string(l.buf[begin:])
		l.buf = append(l.buf[:begin], l.withText(text, found)...)
	}
	return nil
}

// withText returns JSON with the text of the byte slices in found. If a slice is not text, it
// stays in base64, with masked personal numbers and credentials.
func (l *line) withText(json string, found [][]byte) string {
	pairs, scratch := make([]string, 0, 2*len(found)), line{}
	for _, b := range found {
		scratch.buf = scratch.buf[:0]
		switch {
		case utf8.Valid(b):
			scratch.quote(string(b))
		case l.handler.team == nil:
			scratch.quote(base64.StdEncoding.EncodeToString([]byte(l.names.Text(string(b)))))
		default:
			continue
		}
		pairs = append(pairs, `"`+base64.StdEncoding.EncodeToString(b)+`"`, string(scratch.buf))
	}
	return strings.NewReplacer(pairs...).Replace(json)
}

// marshal encodes value in the same way as a line. If value cannot be encoded, the error has
// the text that the line has then.
func marshal(value any) (text string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("!PANIC: %v", cause)
		}
	}()
	l := line{handler: &handler{}, names: privacy.Standard()}
	l.json = json.NewEncoder(&l)
	l.json.SetEscapeHTML(false)
	if err := l.encode(value); err != nil {
		return "", fmt.Errorf("!ERROR:%w", err)
	}
	return string(l.buf), nil
}

// bytesIn returns the byte slices that encoding/json writes for value.
func bytesIn(value any) [][]byte {
	s := byteSearch{budget: mostValues}
	s.look(reflect.ValueOf(value))
	return s.found
}

// byteSearch finds the byte slices in a value. It finds only the slices that encoding/json
// would write.
type byteSearch struct {
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
	if !v.IsValid() || !mayHaveBytes(v.Kind()) || s.budget <= 0 || s.depth == deepestValue {
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
