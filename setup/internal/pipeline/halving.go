package pipeline

import (
	"math/bits"
	"sync"
)

const (
	// mostRefusals is the maximum number of refused requests for one batch that is halved
	// again and again to find the spans that the collector refuses.
	mostRefusals = 64
	// mostIfAllRefused is the maximum if no part of the last refused batch was accepted.
	mostIfAllRefused = 2
)

// A Halving is the search for the spans of one batch that the collector refuses. The batch
// and all its parts share it. It is safe for concurrent use.
type Halving struct {
	mu       sync.Mutex
	refusals int
	accepted bool  // a part of the batch was accepted
	bound    int   // maximum number of refusals before a part is accepted
	refusal  error // the last refusal
	largest  int   // maximum number of bytes of a request that may be accepted
}

// NewHalving returns the search for a batch with that many spans. If the collector refuses
// one span, the search needs two requests per halving to find the span.
func NewHalving(spans int) *Halving {
	return &Halving{bound: 2*bits.Len(uint(spans)) + 1, largest: largestBody}
}

// Accept records that the collector accepted a part.
func (h *Halving) Accept() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accepted = true
}

// Refuse records that the collector refused a part with err, and reports whether that part
// must be halved.
func (h *Halving) Refuse(err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals++
	h.refusal = err
	return h.refusals < mostRefusals && !h.hasFailed()
}

// refuseSize records that the collector refused a part of that many bytes as too large, and
// reports whether that part must be halved.
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

// Err returns the last refusal if many parts were refused and none was accepted, because the
// cause is then not a single span. Otherwise, Err returns nil.
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
