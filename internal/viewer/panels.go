package viewer

import (
	"sync"
	"time"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

// Panels is what Nais APM will show, as spor check judges it by what is kept.
type Panels struct {
	Revision uint64       `json:"revision"`
	Services []apm.Report `json:"services"`
}

// panelCache holds the panels of one revision, which are shown until a time:
// judging takes a while, and must not take all the time of spor.
type panelCache struct {
	mu     sync.Mutex
	panels *Panels
	until  time.Time
}

// validity is how much longer panels are valid than it took to judge them.
const validity = 10

// get returns the panels of what all returns, with its revision, or valid ones
// of an earlier revision.
func (c *panelCache) get(all func() ([]recording.Request, uint64)) Panels {
	c.mu.Lock()
	defer c.mu.Unlock()
	begin := time.Now()
	if c.panels != nil && begin.Before(c.until) {
		return *c.panels
	}
	requests, revision := all()
	if c.panels != nil && c.panels.Revision == revision {
		return *c.panels
	}
	var r apm.Recording
	for _, request := range requests {
		r.Add(request)
	}
	c.panels = &Panels{Revision: revision, Services: append([]apm.Report{}, r.Judge()...)}
	c.until = time.Now().Add(validity * time.Since(begin))
	return *c.panels
}
