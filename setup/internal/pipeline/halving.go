package pipeline

import (
	"math/bits"
	"sync"
)

const (
	// mostRefusals bounds what one refused batch costs when it is halved again and
	// again to find the spans that the collector refuses.
	mostRefusals = 64
	// mostIfAllRefused is the bound if no part of the last refused batch was accepted.
	mostIfAllRefused = 2
)

// A Halving is the search for the spans of one batch that the collector refuses.
// The batch and all its parts share it. It is safe for concurrent use.
type Halving struct {
	mu       sync.Mutex
	refusals int
	accepted bool  // a part of the batch
	bound    int   // of refusals before a part is accepted
	refusal  error // the last
	largest  int   // bytes of a request that may be accepted
}

// NewHalving returns the search in a batch of that many spans. If one span is
// refused, twice as many requests as there are halvings find it.
func NewHalving(spans int) *Halving {
	return &Halving{bound: 2*bits.Len(uint(spans)) + 1, largest: largestBody}
}

// Accept notes that the collector accepted a part.
func (h *Halving) Accept() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accepted = true
}

// Refuse notes why the collector refused a part, and reports whether that part is
// to be halved.
func (h *Halving) Refuse(err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals++
	h.refusal = err
	return h.refusals < mostRefusals && !h.hasFailed()
}

// refuseSize notes that the collector refused a part because it has too many bytes,
// and reports whether that part is to be halved.
func (h *Halving) refuseSize(bytes int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals++
	h.accepted = true // smaller parts may be, as far as is known
	h.largest = min(h.largest, bytes-1)
	return h.refusals < mostRefusals
}

// largestPart returns how many bytes a part may have. The search may be nil.
func (h *Halving) largestPart() int {
	if h == nil {
		return largestBody
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.largest
}

// Err returns the last refusal if so many parts were refused, and none accepted, that the
// cause is not in single spans. Otherwise it returns nil.
func (h *Halving) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hasFailed() {
		return h.refusal
	}
	return nil
}

// hasFailed reports whether Err returns an error. The caller holds the lock.
func (h *Halving) hasFailed() bool { return !h.accepted && h.refusals >= h.bound }
