package viewer

import (
	"context"
	"sync"
	"time"
)

// leaveTime is the time that must pass before a page counts as closed. If a page is reloaded,
// it is open again after a shorter time.
const leaveTime = 3 * time.Second

// watchers counts the open pages. Each open page has one event stream.
type watchers struct {
	mu      sync.Mutex
	open    int
	seen    bool          // true after the first page was opened
	changed chan struct{} // closed and replaced when the field open changes
}

func newWatchers() *watchers { return &watchers{changed: make(chan struct{})} }

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
