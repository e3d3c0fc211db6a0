package otlp

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// habits are attributes as they were written: programs write the same few over and
// over, and what is remembered need not be read, masked and encoded again.
type habits struct {
	slots   [habitSlots]*habit
	unusual habit // what is not remembered
}

const (
	habitSlots = 1 << 8
	// longestHabit bounds the keys and texts that are remembered.
	longestHabit = 128
)

// habit is one attribute.
type habit struct {
	trait

	own     []byte // how it is written
	added   []byte // and what is added for it, if anything is
	isAdded bool   // it may be added for others
	kept    bool   // it was met again since another wanted its slot
}

// trait is what attributes are told apart by. That without key is the name of a span.
type trait struct {
	key    attribute.Key
	kind   attribute.Type
	text   string
	number int64
}

// name returns name as a field of a span; it is valid until the next call.
func (e *Encoder) name(name string) []byte {
	t := trait{kind: attribute.STRING, text: name}
	h, known := e.habits.find(&t)
	if !known {
		h.own = appendText(h.own[:0], spanName, e.rules.Text(name))
		e.habits.remember(h, &t)
	}
	return h.own
}

// habit returns a as it is written; it is valid until the next call.
func (e *Encoder) habit(a *attribute.KeyValue) *habit {
	t := trait{key: a.Key, kind: a.Value.Type()}
	switch {
	case a.Key != "" && t.kind == attribute.STRING:
		t.text = a.Value.AsString()
	case a.Key != "" && t.kind == attribute.INT64:
		t.number = a.Value.AsInt64()
	default:
		e.write(&e.habits.unusual, a)
		return &e.habits.unusual
	}
	h, known := e.habits.find(&t)
	if !known {
		e.write(h, a)
		e.habits.remember(h, &t)
	}
	return h
}

func (e *Encoder) write(h *habit, a *attribute.KeyValue) {
	own, added := e.rules.Attribute(*a)
	h.isAdded = e.rules.IsAdded(a.Key)
	h.own = e.appendAttribute(h.own[:0], spanAttributes, &own)
	h.added = h.added[:0]
	if added.Key != "" {
		h.added = e.appendAttribute(h.added, spanAttributes, &added)
	}
}

// find returns the habit with that trait, or false and one to write. What was met
// but once gives way to others, and what was met again does not at once.
func (s *habits) find(t *trait) (h *habit, known bool) {
	if len(t.key) > longestHabit || len(t.text) > longestHabit {
		return &s.unusual, false
	}
	at := (hash(string(t.key))*31 ^ hash(t.text) ^ uint64(t.number)) % habitSlots
	ways := [...]uint64{at, at ^ 1}
	for _, at := range ways {
		if h = s.slots[at]; h != nil && h.trait == *t {
			h.kept = true
			return h, true
		}
	}
	for _, at := range ways {
		if h = s.slots[at]; h == nil {
			h = &habit{}
			s.slots[at] = h
		}
		if !h.kept {
			h.trait = trait{} // until it is written
			return h, false
		}
		h.kept = false
	}
	return &s.unusual, false
}

// remember gives h, which has been written, its trait.
func (s *habits) remember(h *habit, t *trait) {
	if h != &s.unusual {
		h.trait = *t
	}
}

// hash looks at both ends of text, where keys and values differ.
func hash(text string) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(len(text))
	if len(text) >= 8 {
		h ^= word(text)
		h = (h ^ h>>32) * prime
		h ^= word(text[len(text)-8:])
	} else {
		for i := range len(text) {
			h = h<<8 ^ uint64(text[i])
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

// appendSpanAttributes appends the attributes of span, and what is added to them.
func (e *Encoder) appendSpanAttributes(b []byte, own []attribute.KeyValue) []byte {
	e.twins = e.twins[:0]
	clash := false
	for i := range own {
		h := e.habit(&own[i])
		b = append(b, h.own...)
		e.twins = append(e.twins, h.added...)
		clash = clash || h.isAdded
	}
	if clash {
		b = e.appendTwins(b, own)
	} else {
		b = append(b, e.twins...)
	}
	e.forgetLarge()
	return b
}

// forgetLarge lets go of memory that attributes have left which are far larger than
// others.
func (e *Encoder) forgetLarge() {
	const most = 128 << 10
	if u := &e.habits.unusual; cap(u.own)+cap(u.added)+cap(e.twins) > most {
		u.own, u.added, e.twins = nil, nil, nil
	}
}

// appendTwins appends what is added for attributes some of which may be there
// already.
func (e *Encoder) appendTwins(b []byte, own []attribute.KeyValue) []byte {
	for i := range own {
		_, added := e.rules.Attribute(own[i])
		there := func(a attribute.KeyValue) bool { return a.Key == added.Key }
		if added.Key != "" && !slices.ContainsFunc(own, there) {
			b = e.appendAttribute(b, spanAttributes, &added)
		}
	}
	return b
}
