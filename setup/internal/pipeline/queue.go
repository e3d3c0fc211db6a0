package pipeline

import (
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// fifo is a queue. It moves its items down now and then, instead of growing with
// all that ever were in it.
type fifo[T any] struct {
	items []T
	first int
}

func (q *fifo[T]) len() int { return len(q.items) - q.first }

// peek returns the first item. There must be one.
func (q *fifo[T]) peek() T { return q.items[q.first] }

func (q *fifo[T]) push(item T) {
	if q.first > 16 && q.first > len(q.items)/2 {
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

// pop takes the first item. There must be one.
func (q *fifo[T]) pop() T {
	var none T
	item := q.items[q.first]
	q.items[q.first] = none
	q.first++
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	}
	return item
}

// ringSpans is how many spans a ring has room for.
const ringSpans = 512

// ring is a queue of spans that ended, with about how many bytes of the heap each holds.
type ring struct {
	spans [ringSpans]sdktrace.ReadOnlySpan
	sizes [ringSpans]int
	first int
	len   int
}

// push is false when there is no room.
func (r *ring) push(span sdktrace.ReadOnlySpan, size int) bool {
	if r.len == ringSpans {
		return false
	}
	at := (r.first + r.len) % ringSpans
	r.spans[at], r.sizes[at] = span, size
	r.len++
	return true
}

// pop moves the oldest into room, and returns them and their size together.
func (r *ring) pop(room []sdktrace.ReadOnlySpan) (spans []sdktrace.ReadOnlySpan, size int) {
	n := min(len(room), r.len)
	for i := range room[:n] {
		room[i], r.spans[r.first] = r.spans[r.first], nil
		size += r.sizes[r.first]
		r.first = (r.first + 1) % ringSpans
	}
	r.len -= n
	return room[:n], size
}

// spares are parts that are kept to be used again. They are safe for concurrent use.
type spares[T any] struct {
	mu    sync.Mutex
	items []*T
}

func (s *spares[T]) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

// push keeps item, unless there are already that many.
func (s *spares[T]) push(item *T, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) < most {
		s.items = append(s.items, item)
	}
}

// pop returns nil if there is none.
func (s *spares[T]) pop() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.items) - 1
	if last < 0 {
		return nil
	}
	item := s.items[last]
	s.items[last] = nil
	s.items = s.items[:last]
	return item
}

// trim keeps at most n.
func (s *spares[T]) trim(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) > n {
		clear(s.items[n:])
		s.items = s.items[:n]
	}
}
