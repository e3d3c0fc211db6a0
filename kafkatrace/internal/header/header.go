// Package header lets propagators read and write the headers of records.
//
// Kafka stores headers as a list. The list may have the same key several times, and other
// clients may write keys in upper case. If a propagator reads a key, it gets the last value.
// If a propagator writes a key, this package makes a new list in which the key occurs once.
// The old list and its free capacity are never changed, because other records may share
// them.
package header

import "go.opentelemetry.io/otel/propagation"

// A Form reads and makes headers of type H, which is the header type of one client.
type Form[H any] interface {
	// Match compares the key of h with the parameter key. exact is true if both keys are
	// equal. folded is true if both keys are equal or differ only in the case of ASCII
	// letters.
	Match(h *H, key string) (exact, folded bool)
	// Key returns the key of h.
	Key(h *H) string
	// Value returns the value of h.
	Value(h *H) []byte
	// New returns a header with this key and value.
	New(key string, value []byte) H
}

// Editor adds methods for headers to the interface that propagators use.
type Editor interface {
	propagation.TextMapCarrier
	// Last returns the last valid value of key. A value is valid if the function valid
	// returns true for it. If no header with exactly this key has a valid value, Last
	// ignores the difference between upper and lower case.
	Last(key string, valid func([]byte) bool) []byte
	// Replace removes all headers with these keys, in upper or lower case. If value is not
	// nil, Replace then adds a header with the first key and this value.
	Replace(value []byte, keys ...string)
}

// A List is a list of headers of type H. The form F reads and makes the headers. In a
// record, one field contains the headers. To use a List, convert a pointer to this field.
type List[H any, F Form[H]] []H

var _ propagation.ValuesGetter = (*List[Plain, PlainForm[Plain]])(nil)

// Last implements [Editor].
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

// Get returns the last non-empty value of key. For traceparent, it returns the last valid
// value.
func (l *List[H, F]) Get(key string) string {
	if key == "traceparent" {
		return string(l.Last(key, IsTraceparent))
	}
	return string(l.Last(key, func([]byte) bool { return true }))
}

// Values returns the values of a key. For the key baggage, it returns the values of all
// headers with this key, because baggage may be spread over several headers. For any other
// key, it returns only the value that Get returns.
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

// Set removes all headers with this key, and adds one header with the key and the value.
func (l *List[H, F]) Set(key, value string) { l.Replace([]byte(value), key) }

// Replace implements [Editor].
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

// Keys returns the keys of all headers in the order of the headers, including duplicates.
func (l *List[H, F]) Keys() []string {
	var form F
	keys := make([]string, len(*l))
	for i := range *l {
		keys[i] = form.Key(&(*l)[i])
	}
	return keys
}

// Plain is the type of headers that most clients use.
type Plain = struct {
	Key   string
	Value []byte
}

// PlainForm is the [Form] of headers with the structure of [Plain].
type PlainForm[H ~struct {
	Key   string
	Value []byte
}] struct{}

// Match implements [Form].
func (PlainForm[H]) Match(h *H, key string) (exact, folded bool) { return Match(Plain(*h).Key, key) }

// Key implements [Form].
func (PlainForm[H]) Key(h *H) string { return Plain(*h).Key }

// Value implements [Form].
func (PlainForm[H]) Value(h *H) []byte { return Plain(*h).Value }

// New implements [Form].
func (PlainForm[H]) New(key string, value []byte) H { return H(Plain{key, value}) }

// Same reports whether a and b are the same list, and not only equal lists.
func Same[H any](a, b []H) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// Match compares the parameter key, which is the key of a header, with the key in want.
// exact is true if both keys are equal. folded is true if both keys are equal or differ only
// in the case of ASCII letters.
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
