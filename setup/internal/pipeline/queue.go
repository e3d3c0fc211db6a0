package pipeline

import (
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// fifo is a queue. From time to time, it moves the items to the beginning of the slice, so
// that the slice does not grow forever.
type fifo[T any] struct {
	items []T
	first int
}

func (q *fifo[T]) len() int { return len(q.items) - q.first }

// peek returns the first item. There must be one.
func (q *fifo[T]) peek() T { return q.items[q.first] }

// last returns the last item. There must be one.
func (q *fifo[T]) last() T { return q.items[len(q.items)-1] }

func (q *fifo[T]) push(item T) {
	if q.first > 16 && q.first > len(q.items)/2 {
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

// pop removes and returns the first item. There must be one.
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

const ringSpans = 512

// ring is a queue of spans that have ended. For each span, the field sizes contains the
// approximate number of bytes that the span uses on the heap.
type ring struct {
	spans [ringSpans]sdktrace.ReadOnlySpan
	sizes [ringSpans]int
	first int
	len   int
}

// push adds span. It returns false if the ring is full.
func (r *ring) push(span sdktrace.ReadOnlySpan, size int) bool {
	if r.len == ringSpans {
		return false
	}
	at := (r.first + r.len) % ringSpans
	r.spans[at], r.sizes[at] = span, size
	r.len++
	return true
}

// pop removes the oldest spans from the ring. It removes as many spans as fit into the
// slice room. It returns these spans and the sum of their sizes in bytes.
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

// spares keeps items that can be reused. It is safe for concurrent use.
type spares[T any] struct {
	mu    sync.Mutex
	items []*T
}

func (s *spares[T]) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

// push keeps item, unless s already has most items.
func (s *spares[T]) push(item *T, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) < most {
		s.items = append(s.items, item)
	}
}

// pop removes and returns an item, or returns nil if s has no items.
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

func (s *spares[T]) trim(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) > n {
		clear(s.items[n:])
		s.items = s.items[:n]
	}
}
