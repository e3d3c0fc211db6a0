package pipeline

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
