package sqltext

import (
	"container/list"
	"strings"
	"sync"
)

// A Cache stores one value per query text, for the most recently used texts of one dialect.
// It stores at most 1,000 texts. Together these texts have at most 1 MiB, and none of them
// is longer than 10 KiB. Several goroutines may use a Cache at the same time.
type Cache[V any] struct {
	dialect Dialect
	build   func(Query) V

	mu      sync.Mutex
	entries map[string]*list.Element
	recent  list.List // *entry[V] values; the first one is the most recently used
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

// NewCache returns a cache. The cache calls build to make the value of a text. The argument
// of build is the analysis of the text.
func NewCache[V any](d Dialect, build func(Query) V) *Cache[V] {
	return &Cache[V]{dialect: d, build: build, entries: make(map[string]*list.Element)}
}

// Get returns the value of text. If two goroutines call Get for a new text at the same
// time, both goroutines may build the value.
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
	return e.Value.(*entry[V]).value, true //nolint:forcetypeassert // the list has only entries
}

func (c *Cache[V]) add(text string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, found := c.entries[text]; found {
		return
	}
	text = strings.Clone(text) // text may be a part of a large string, which must not be kept in memory
	c.entries[text] = c.recent.PushFront(&entry[V]{text, value})
	c.size += len(text)
	for len(c.entries) > mostTexts || c.size > mostBytes {
		oldest := c.recent.Remove(c.recent.Back()).(*entry[V]) //nolint:forcetypeassert // the list has only entries
		delete(c.entries, oldest.text)
		c.size -= len(oldest.text)
	}
}
