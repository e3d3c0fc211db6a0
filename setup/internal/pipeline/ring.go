package pipeline

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

// ringSpans is how many spans a ring has room for.
const ringSpans = 512

// ring is spans as they ended, and about how many bytes of the heap each holds.
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
