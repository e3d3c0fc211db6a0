// Package header lets propagators read and write the headers of records.
//
// Kafka keeps headers as a list: a key may stand there several times, and other
// clients write keys in other cases. Reading takes the last value. Writing leaves
// one header of a key, in a new list: the old one may be shared by other records,
// and is never changed, nor is the room behind its end.
package header

import "go.opentelemetry.io/otel/propagation"

// A Form tells what a client's headers of type H look like.
type Form[H any] interface {
	// Match reports whether the key of h is key: exactly, or but for the case of
	// ASCII letters.
	Match(h *H, key string) (exact, folded bool)
	// Key returns the key of h.
	Key(h *H) string
	// Value returns the value of h.
	Value(h *H) []byte
	// New returns a header.
	New(key string, value []byte) H
}

// Editor is what lists can do beyond what propagators ask of a carrier.
type Editor interface {
	propagation.TextMapCarrier
	// Last returns the last value under key for which valid is true. Keys in
	// another case count where none in the right one does.
	Last(key string, valid func([]byte) bool) []byte
	// Replace takes out all headers with these keys, in any case, and, if value is
	// not nil, adds one under the first of the keys.
	Replace(value []byte, keys ...string)
}

// A List is headers of type H, in the form F. Convert a pointer to the field that
// has them.
type List[H any, F Form[H]] []H

var _ propagation.ValuesGetter = (*List[Plain, PlainForm[Plain]])(nil)

// Last is what [Editor] says.
func (l *List[H, F]) Last(key string, valid func([]byte) bool) []byte {
	var form F
	var fallback []byte
	for i := len(*l) - 1; i >= 0; i-- {
		h := &(*l)[i]
		exact, folded := form.Match(h, key)
		if !folded || fallback != nil && !exact {
			continue
		}
		value := form.Value(h)
		if len(value) == 0 || !valid(value) {
			continue
		}
		if exact {
			return value
		}
		fallback = value
	}
	return fallback
}

// Get returns the last value of key that is not empty.
func (l *List[H, F]) Get(key string) string {
	if key == "traceparent" {
		return string(l.Last(key, IsTraceparent))
	}
	return string(l.Last(key, func([]byte) bool { return true }))
}

// Values returns all values of baggage, which may be spread over headers, and
// the one of any other key that Get does.
func (l *List[H, F]) Values(key string) []string {
	if key != "baggage" {
		if value := l.Get(key); value != "" {
			return []string{value}
		}
		return nil
	}
	var form F
	var values []string
	for i := range *l {
		if _, folded := form.Match(&(*l)[i], key); folded {
			values = append(values, string(form.Value(&(*l)[i])))
		}
	}
	return values
}

// Set makes value the only one of key.
func (l *List[H, F]) Set(key, value string) { l.Replace([]byte(value), key) }

// Replace is what [Editor] says.
func (l *List[H, F]) Replace(value []byte, keys ...string) {
	var form F
	old := *l
	drop := 0
	for i := range old {
		if matches(form, &old[i], keys) {
			drop++
		}
	}
	if drop == 0 && value == nil {
		return
	}
	n := len(old) - drop
	if value != nil {
		n++
	}
	next := make([]H, 0, n)
	if drop == 0 {
		next = append(next, old...)
	} else {
		for i := range old {
			if !matches(form, &old[i], keys) {
				next = append(next, old[i])
			}
		}
	}
	if value != nil {
		next = append(next, form.New(keys[0], value))
	}
	*l = next
}

func matches[H any, F Form[H]](form F, h *H, keys []string) bool {
	for _, key := range keys {
		if _, folded := form.Match(h, key); folded {
			return true
		}
	}
	return false
}

// Keys returns the keys, each as often as it stands there.
func (l *List[H, F]) Keys() []string {
	var form F
	keys := make([]string, len(*l))
	for i := range *l {
		keys[i] = form.Key(&(*l)[i])
	}
	return keys
}

// Plain is what the headers of most clients look like.
type Plain = struct {
	Key   string
	Value []byte
}

// PlainForm is the form of such headers.
type PlainForm[H ~struct {
	Key   string
	Value []byte
}] struct{}

// Match is what [Form] says.
func (PlainForm[H]) Match(h *H, key string) (exact, folded bool) { return Match(Plain(*h).Key, key) }

// Key is what [Form] says.
func (PlainForm[H]) Key(h *H) string { return Plain(*h).Key }

// Value is what [Form] says.
func (PlainForm[H]) Value(h *H) []byte { return Plain(*h).Value }

// New is what [Form] says.
func (PlainForm[H]) New(key string, value []byte) H { return H(Plain{key, value}) }

// Match compares a key of a record, as text or bytes, with one that is looked for.
func Match[K string | []byte](key K, want string) (exact, folded bool) {
	if len(key) != len(want) {
		return false, false
	}
	exact = true
	for i := range len(want) {
		if key[i] == want[i] {
			continue
		}
		exact = false
		if lower(key[i]) != lower(want[i]) {
			return false, false
		}
	}
	return exact, true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
