package pipeline

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

// ringSpans is how many spans a ring has room for.
const ringSpans = 512

// ring is spans as they ended.
type ring struct {
	spans [ringSpans]sdktrace.ReadOnlySpan
	first int
	len   int
}

// push is false when there is no room.
func (r *ring) push(span sdktrace.ReadOnlySpan) bool {
	if r.len == ringSpans {
		return false
	}
	r.spans[(r.first+r.len)%ringSpans] = span
	r.len++
	return true
}

// pop moves the oldest into room, and returns them.
func (r *ring) pop(room []sdktrace.ReadOnlySpan) []sdktrace.ReadOnlySpan {
	n := min(len(room), r.len)
	for i := range room[:n] {
		room[i], r.spans[r.first] = r.spans[r.first], nil
		r.first = (r.first + 1) % ringSpans
	}
	r.len -= n
	return room[:n]
}
