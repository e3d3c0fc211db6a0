// Package cache stores small results that are needed many times.
package cache

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Map stores at most 1,024 values. Reading takes no lock and does not allocate. Adding a
// value copies the whole map, so a Map suits a set of keys that soon stops growing, such as
// routes, series or names. The zero value is ready for use. Several goroutines may use a
// Map at the same time.
type Map[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	adding  sync.Mutex
}

// limit is the maximum number of keys in a Map. The values of further keys are built at
// each use.
const limit = 1024

// Get returns the value of key. If the value is not stored, Get calls build and stores its
// result. With 1,024 keys in the map, it stores no more values. If two goroutines ask for
// the same new key, both may call build.
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
