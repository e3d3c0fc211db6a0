package viewer

import (
	"sync"
	"time"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

// Panels says what Nais APM will show of the telemetry in the store. It has the reports of
// spor check.
type Panels struct {
	Revision uint64       `json:"revision"`
	Services []apm.Report `json:"services"`
}

// panelCache caches the panels of one revision for a while, because computing them takes
// time and must not use all the processor time of spor.
type panelCache struct {
	mu     sync.Mutex
	panels *Panels
	until  time.Time
}

// validity is a factor: the panels are cached for this factor times the time that it took to
// compute them.
const validity = 10

// get returns the cached panels if they are still valid or have the current revision.
// Otherwise it computes the panels from the telemetry and the revision that all returns.
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
