package sqltext

import (
	"container/list"
	"strings"
	"sync"
)

// A Cache keeps what was made of the texts of one dialect that were asked for
// last. It is bounded: 1,000 texts, 1 MiB in all, none above 10 KiB. It is safe
// for concurrent use.
type Cache[V any] struct {
	dialect Dialect
	build   func(Query) V

	mu      sync.Mutex
	entries map[string]*list.Element
	recent  list.List // of entry[V], the latest first
	size    int
}

type entry[V any] struct {
	text  string
	value V
}

const (
	mostTexts   = 1000
	mostBytes   = 1 << 20
	longestKept = 10 << 10
)

// NewCache returns a cache of what build makes of what is understood of a text.
func NewCache[V any](d Dialect, build func(Query) V) *Cache[V] {
	return &Cache[V]{dialect: d, build: build, entries: make(map[string]*list.Element)}
}

// Get returns what belongs to text. Two that ask for a new text at once may both
// build it.
func (c *Cache[V]) Get(text string) V {
	if len(text) > longestKept {
		return c.build(Analyze(c.dialect, text))
	}
	if value, found := c.find(text); found {
		return value
	}
	value := c.build(Analyze(c.dialect, text))
	c.add(text, value)
	return value
}

func (c *Cache[V]) find(text string) (value V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, found := c.entries[text]
	if !found {
		return value, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*entry[V]).value, true //nolint:forcetypeassert // nothing else is in the list
}

func (c *Cache[V]) add(text string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, found := c.entries[text]; found {
		return
	}
	text = strings.Clone(text) // which may be part of something large
	c.entries[text] = c.recent.PushFront(&entry[V]{text, value})
	c.size += len(text)
	for len(c.entries) > mostTexts || c.size > mostBytes {
		oldest := c.recent.Remove(c.recent.Back()).(*entry[V]) //nolint:forcetypeassert // nothing else is in the list
		delete(c.entries, oldest.text)
		c.size -= len(oldest.text)
	}
}
