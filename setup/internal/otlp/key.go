package otlp

import "sync/atomic"

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
	at := slotOf(key)
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

// slotOf takes a look at both ends of key, where keys differ.
func slotOf(key string) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(len(key))
	if len(key) >= 8 {
		h ^= word(key)
		h = (h ^ h>>32) * prime
		h ^= word(key[len(key)-8:])
	} else {
		for i := range len(key) {
			h = h<<8 ^ uint64(key[i])
		}
	}
	h = (h ^ h>>32) * prime
	return h >> 32
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
