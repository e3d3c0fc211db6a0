package pipeline

import (
	"math/bits"
	"sync"
)

const (
	// mostRefusals is the maximum number of refused requests for one batch that is halved
	// again and again to find the spans that the collector refuses.
	mostRefusals = 64
	// mostIfAllRefused is the maximum number of refused requests for one batch if the
	// collector has refused all parts of an earlier batch and accepted nothing after that.
	mostIfAllRefused = 2
)

// A Halving is a search in one batch for the spans that the collector refuses. The batch
// and all parts of the batch share one Halving. A Halving is safe for concurrent use.
type Halving struct {
	mu       sync.Mutex
	refusals int
	accepted bool // a part of the batch was accepted
	bound    int  // maximum number of refusals while no part is accepted
	refusal  error
	largest  int // maximum number of bytes of a part that is still sent
}

// NewHalving returns a new search in a batch. spans is the number of spans in the batch. If
// the collector refuses only one span, the search needs two requests per halving to find
// this span.
func NewHalving(spans int) *Halving {
	return &Halving{bound: 2*bits.Len(uint(spans)) + 1, largest: largestBody}
}

// Accept records that the collector accepted a part.
func (h *Halving) Accept() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accepted = true
}

// Refuse records that the collector refused a part with the error err. It reports whether
// this part must be halved.
func (h *Halving) Refuse(err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals++
	h.refusal = err
	return h.refusals < mostRefusals && !h.hasFailed()
}

// refuseSize records that the collector refused a part because it was too large. bytes is
// the size of the part. refuseSize reports whether this part must be halved.
func (h *Halving) refuseSize(bytes int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals++
	h.accepted = true // smaller parts may be accepted
	h.largest = min(h.largest, bytes-1)
	return h.refusals < mostRefusals
}

// largestPart returns the maximum number of bytes of a part. h may be nil.
func (h *Halving) largestPart() int {
	if h == nil {
		return largestBody
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.largest
}

// Err returns the last refusal if many parts were refused and no part was accepted. In this
// case, the cause is not a single span, and the search ends. Otherwise, Err returns nil.
func (h *Halving) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hasFailed() {
		return h.refusal
	}
	return nil
}

// hasFailed reports whether Err returns an error. The caller must hold h.mu.
func (h *Halving) hasFailed() bool { return !h.accepted && h.refusals >= h.bound }
