package receiver

import (
	"context"
	"sync"
)

// A budget is an amount of memory, in bytes, that several requests share.
type budget struct {
	mu   sync.Mutex
	left int
	more chan struct{} // closed and replaced when a request gives memory back
}

func newBudget(amount int) *budget { return &budget{left: amount, more: make(chan struct{})} }

// The method take waits until the budget has at least n bytes, and then removes n bytes from the
// budget. It returns an error if ctx ends first.
func (b *budget) take(ctx context.Context, n int) error {
	for {
		b.mu.Lock()
		more := b.more
		enough := n <= b.left
		if enough {
			b.left -= n
		}
		b.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	close(b.more)
	b.more = make(chan struct{})
}
