package otlp

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// attributeCache holds attributes as they were written: programs write the same few over
// and over, and one from the cache need not be read, masked and encoded again.
type attributeCache struct {
	rules   Rules
	slots   [cacheSlots]*cached
	unusual cached // what is not kept
	twins   []byte // what is added for the attributes of the span under way
}

const (
	cacheSlots = 1 << 8
	// longestCached bounds the keys and texts in the cache.
	longestCached = 128
)

// cached is one attribute.
type cached struct {
	trait

	own     []byte // how it is written
	added   []byte // and what is added for it, if anything is
	isAdded bool   // it may be added for others
	kept    bool   // it was used again since another wanted its slot
}

// trait identifies an attribute. One without a key is the name of a span.
type trait struct {
	key    attribute.Key
	kind   attribute.Type
	text   string
	number int64
}

// name returns name as a field of a span; it is valid until the next call.
func (s *attributeCache) name(name string) []byte {
	t := trait{kind: attribute.STRING, text: name}
	c, known := s.find(&t)
	if !known {
		c.own = appendText(c.own[:0], spanName, s.rules.Text(name))
		s.remember(c, &t)
	}
	return c.own
}

// attribute returns a as it is written; it is valid until the next call.
func (s *attributeCache) attribute(a *attribute.KeyValue) *cached {
	t := trait{key: a.Key, kind: a.Value.Type()}
	switch {
	case a.Key != "" && t.kind == attribute.STRING:
		t.text = a.Value.AsString()
	case a.Key != "" && t.kind == attribute.INT64:
		t.number = a.Value.AsInt64()
	default:
		s.write(&s.unusual, a)
		return &s.unusual
	}
	c, known := s.find(&t)
	if !known {
		s.write(c, a)
		s.remember(c, &t)
	}
	return c
}

func (s *attributeCache) write(c *cached, a *attribute.KeyValue) {
	own, added := s.rules.Attribute(*a)
	c.isAdded = s.rules.IsAdded(a.Key)
	c.own = appendAttribute(c.own[:0], spanAttributes, &own, s.rules)
	c.added = c.added[:0]
	if added.Key != "" {
		c.added = appendAttribute(c.added, spanAttributes, &added, s.rules)
	}
}

// find returns the attribute with that trait, or false and one to write. An entry that
// was used only once is replaced first; one that was used again gets a second chance.
func (s *attributeCache) find(t *trait) (c *cached, known bool) {
	if len(t.key) > longestCached || len(t.text) > longestCached {
		return &s.unusual, false
	}
	at := (hash(string(t.key))*31 ^ hash(t.text) ^ uint64(t.number)) % cacheSlots
	ways := [...]uint64{at, at ^ 1}
	for _, at := range ways {
		if c = s.slots[at]; c != nil && c.trait == *t {
			c.kept = true
			return c, true
		}
	}
	for _, at := range ways {
		if c = s.slots[at]; c == nil {
			c = &cached{}
			s.slots[at] = c
		}
		if !c.kept {
			c.trait = trait{} // until it is written
			return c, false
		}
		c.kept = false
	}
	return &s.unusual, false
}

// remember sets the trait of c, which has been written.
func (s *attributeCache) remember(c *cached, t *trait) {
	if c != &s.unusual {
		c.trait = *t
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

// appendSpanAttributes appends the attributes of a span, own, and what is added for them.
func (s *attributeCache) appendSpanAttributes(b []byte, own []attribute.KeyValue) []byte {
	s.twins = s.twins[:0]
	clash := false
	for i := range own {
		c := s.attribute(&own[i])
		b = append(b, c.own...)
		s.twins = append(s.twins, c.added...)
		clash = clash || c.isAdded
	}
	if clash {
		b = s.appendTwins(b, own)
	} else {
		b = append(b, s.twins...)
	}
	s.forgetLarge()
	return b
}

// forgetLarge releases the buffers after attributes that are far larger than others.
func (s *attributeCache) forgetLarge() {
	const most = 128 << 10
	if u := &s.unusual; cap(u.own)+cap(u.added)+cap(s.twins) > most {
		u.own, u.added, s.twins = nil, nil, nil
	}
}

// appendTwins appends what is added for attributes some of which may be there
// already.
func (s *attributeCache) appendTwins(b []byte, own []attribute.KeyValue) []byte {
	for i := range own {
		_, added := s.rules.Attribute(own[i])
		there := func(a attribute.KeyValue) bool { return a.Key == added.Key }
		if added.Key != "" && !slices.ContainsFunc(own, there) {
			b = appendAttribute(b, spanAttributes, &added, s.rules)
		}
	}
	return b
}
