package viewer

import (
	"sync"
	"time"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

// Panels contains the reports that spor check would write about the telemetry in the store.
// They say what Nais APM will show.
type Panels struct {
	Revision uint64       `json:"revision"`
	Services []apm.Report `json:"services"`
}

// panelCache caches the panels for one revision of the store. Computing the panels takes time,
// and it must not use all the processor time of spor. So the panels are cached for a while,
// even if the revision changes.
type panelCache struct {
	mu     sync.Mutex
	panels *Panels
	until  time.Time
}

// validity is a factor. If the computation of the panels took the time t, they are cached for the
// time validity * t.
const validity = 10

// The method get returns the cached panels until their time has passed, unless fresh is true. After
// that, it still returns the cached panels if the revision has not changed. If the revision has changed, it
// computes new panels. The function all returns the telemetry and the revision.
func (c *panelCache) get(fresh bool, all func() ([]recording.Request, uint64)) Panels {
	c.mu.Lock()
	defer c.mu.Unlock()
	begin := time.Now()
	if c.panels != nil && begin.Before(c.until) && !fresh {
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
