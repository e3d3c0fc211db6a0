package otlp

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// attributeCache caches encoded attributes and encoded span names, because programs use the
// same attributes and names again and again. If an attribute is cached, it does not have to be
// masked and encoded again.
type attributeCache struct {
	rules   Rules
	slots   [cacheSlots]*cached
	unusual cached // buffer for attributes that are not cached
	twins   []byte // encoded attributes that are added to the current span
}

const (
	cacheSlots = 1 << 8
	// longestCached is the maximum length in bytes of a key or a text in the cache.
	longestCached = 128
)

type cached struct {
	trait

	own []byte
	// added is the encoded attribute that Rules add to a span that has this attribute. It
	// is empty if they add no attribute.
	added   []byte
	isAdded bool // Rules can add an attribute with the same key to a span
	kept    bool // the entry is protected once, see attributeCache.find
}

// trait identifies an attribute. A trait without a key identifies the name of a span.
type trait struct {
	key    attribute.Key
	kind   attribute.Type
	text   string
	number int64
}

// name returns the encoded span name. The result is valid until another method of s is
// called.
func (s *attributeCache) name(name string) []byte {
	t := trait{kind: attribute.STRING, text: name}
	c, known := s.find(&t)
	if !known {
		c.own = appendText(c.own[:0], spanName, s.rules.Text(name))
		s.remember(c, &t)
	}
	return c.own
}

// attribute returns the encoded form of a. The result is valid until another method of s is
// called.
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
	c.own = s.appendAttribute(c.own[:0], &own)
	c.added = c.added[:0]
	if added.Key != "" {
		c.added = s.appendAttribute(c.added, &added)
	}
}

// appendAttribute appends a result of Rules.Attribute.
func (s *attributeCache) appendAttribute(b []byte, a *attribute.KeyValue) []byte {
	return appendAttribute(b, spanAttributes, s.rules.Key(a.Key), a.Value)
}

// find returns the cached attribute with the trait t and true, or a free entry and false.
// Each trait has two possible slots. If both slots have other attributes, find may free one
// of them. When an entry is used again, its field kept becomes true. If find needs the slot
// of such an entry, it sets kept to false and does not free the entry. If kept is false,
// find frees the entry.
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
			// remember sets the trait later. If the encoder panics before that, the entry
			// has no wrong trait.
			c.trait = trait{}
			return c, false
		}
		c.kept = false
	}
	return &s.unusual, false
}

// remember makes c the cached attribute for the trait t. c must already contain the encoded
// attribute.
func (s *attributeCache) remember(c *cached, t *trait) {
	if c != &s.unusual {
		c.trait = *t
	}
}

// hash returns a hash of text. It reads the first and the last eight bytes, where keys and
// values usually differ.
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

func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// appendSpanAttributes appends own, which are the attributes of a span. It also appends the
// attributes that Rules add for own.
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

// forgetLarge releases the buffers if they have become large because of very large
// attributes.
func (s *attributeCache) forgetLarge() {
	const most = 128 << 10
	if u := &s.unusual; cap(u.own)+cap(u.added)+cap(s.twins) > most {
		u.own, u.added, s.twins = nil, nil, nil
	}
}

// appendTwins appends the attributes that Rules add. The program has set the attributes in own.
// An attribute is not added if own already contains its key.
func (s *attributeCache) appendTwins(b []byte, own []attribute.KeyValue) []byte {
	for i := range own {
		_, added := s.rules.Attribute(own[i])
		there := func(a attribute.KeyValue) bool { return a.Key == added.Key }
		if added.Key != "" && !slices.ContainsFunc(own, there) {
			b = s.appendAttribute(b, &added)
		}
	}
	return b
}
