package kafkatrace

import (
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// uncommitted stores links to the CONSUMER spans of the records that were processed since
// the last commit.
type uncommitted struct {
	mu    sync.Mutex
	links []trace.Link
}

// add stores a link to the span sc. If sc is not sampled, or if mostLinks links are already
// stored, add does nothing.
func (u *uncommitted) add(sc trace.SpanContext) {
	if !sc.IsSampled() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.links) < mostLinks {
		u.links = append(u.links, trace.Link{SpanContext: sc})
	}
}

func (u *uncommitted) take() []trace.Link {
	u.mu.Lock()
	defer u.mu.Unlock()
	links := u.links
	u.links = nil
	return links
}
