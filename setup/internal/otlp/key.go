package otlp

import (
	"hash/maphash"
	"sync/atomic"
)

var seed = maphash.MakeSeed()

// keys remembers how attribute keys are written: programs have few, and use them
// over and over. It is safe for concurrent use, and never forgets: it
// takes what it has room for.
type keys struct {
	slots [1 << 10]atomic.Pointer[knownKey]
}

// knownKey is a key as the program writes it, and as the field KeyValue.key.
type knownKey struct {
	key   string
	field []byte
}

const (
	// probes is how many slots a key may be in.
	probes = 4
	// longestKey bounds what is remembered.
	longestKey = 128
)

// field returns key as the field KeyValue.key, which must not be changed.
func (k *keys) field(key string, rules Rules) []byte {
	if key == "" {
		return nil
	}
	at := maphash.String(seed, key)
	for i := range uint64(probes) {
		slot := &k.slots[(at+i)%uint64(len(k.slots))]
		known := slot.Load()
		if known == nil {
			return remember(slot, key, rules)
		}
		if known.key == key {
			return known.field
		}
	}
	return appendText(nil, keyField, rules.Text(key))
}

func remember(slot *atomic.Pointer[knownKey], key string, rules Rules) []byte {
	field := appendText(nil, keyField, rules.Text(key))
	if len(key) <= longestKey {
		slot.CompareAndSwap(nil, &knownKey{key, field})
	}
	return field
}
