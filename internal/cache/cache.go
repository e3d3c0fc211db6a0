// Package cache stores small results that are needed many times.
package cache

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Map stores at most 1,024 values, each under a key. Reading takes no lock and does not
// allocate. Adding a value copies the whole map, so use a Map only if the number of keys
// soon stops growing. This is true for routes, series and names, for example. The zero
// value is ready for use. Several goroutines may use a Map at the same time.
type Map[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	adding  sync.Mutex
}

// limit is the maximum number of keys in a Map. If the Map is full and does not contain a
// key, the value of this key is built at each use.
const limit = 1024

// Get returns the value of key. If no value is stored for key, Get calls build, stores the
// result and returns it. If the map already has 1,024 keys, Get does not store the result.
// If two goroutines ask for the same new key, both may call build.
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
