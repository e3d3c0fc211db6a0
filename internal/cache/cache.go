// Package cache keeps small results that are asked for again and again.
package cache

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Map remembers a bounded number of values. Reading takes no lock and does
// not allocate; adding copies the map, so it suits keys that are soon all
// known: routes, series, names. The zero value is ready to use, by several
// goroutines at once.
type Map[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	adding  sync.Mutex
}

// limit bounds each map: with more keys than this, the rest are made anew each time.
const limit = 1024

// Get returns the value of key, which build makes when it is not yet known.
// Beyond 1,024 keys nothing more is remembered. Two goroutines that ask for the
// same new key may both build it.
func (m *Map[K, V]) Get(key K, build func(K) V) V {
	if known := m.entries.Load(); known != nil {
		if value, ok := (*known)[key]; ok {
			return value
		}
	}
	value := build(key)
	m.add(key, value)
	return value
}

func (m *Map[K, V]) add(key K, value V) {
	m.adding.Lock()
	defer m.adding.Unlock()
	var next map[K]V
	if known := m.entries.Load(); known != nil {
		if len(*known) >= limit {
			return
		}
		next = maps.Clone(*known)
	} else {
		next = make(map[K]V)
	}
	next[key] = value
	m.entries.Store(&next)
}
