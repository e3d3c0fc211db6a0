package viewer

import (
	"context"
	"sync"
	"time"
)

// leaveTime is how long a page may be away, as it is when it is loaded again.
const leaveTime = 3 * time.Second

// watchers counts the pages that are open, each of which holds a stream.
type watchers struct {
	mu      sync.Mutex
	open    int
	seen    bool
	changed chan struct{} // closed and replaced when that changes
}

func (w *watchers) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += n
	w.seen = true
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watchers) state() (open int, seen bool, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open, w.seen, w.changed
}

// waitClosed returns when a page has been open and none is any more, or when
// ctx ends.
func (w *watchers) waitClosed(ctx context.Context) {
	for {
		open, seen, changed := w.state()
		var left <-chan time.Time
		if open == 0 && seen {
			left = time.After(leaveTime)
		}
		select {
		case <-changed:
		case <-left:
			return
		case <-ctx.Done():
			return
		}
	}
}
