package observable

import (
	"context"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// A group contains the sources that have the same meter and the same instruments. All sources
// of a group have one callback, which is registered until the meter provider ends. Therefore, a
// group can report its open sources first, and the last values of closed sources after that.
type group struct {
	meter       metric.Meter
	instruments []metric.Observable
	// shared is false if the meter or an instrument cannot be compared. Then the group has only
	// one source, whose last values are not reported.
	shared       bool
	registers    sync.Once
	registration metric.Registration // not nil if shared is false

	mu   sync.Mutex
	open []*Source
	last values // of closed sources, until the next collection
}

// mostLast is the maximum number of series whose last values wait for the next collection. The
// last values of further series are dropped.
const mostLast = 10_000

func (g *group) add(s *Source) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = append(g.open, s)
}

func (g *group) has(s *Source) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.open, s)
}

// remove removes the source s, and keeps its last values. If s was already removed, nothing
// happens.
func (g *group) remove(s *Source, last values) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.open, s)
	if i < 0 {
		return
	}
	g.open = slices.Delete(g.open, i, i+1)
	if !g.shared {
		go g.unregister() // in another goroutine, because the SDK may hold its lock here
		return
	}
	if g.last == nil {
		g.last = values{}
	}
	for of, report := range last {
		if _, known := g.last[of]; known || len(g.last) < mostLast {
			g.last[of] = report
		}
	}
}

func (g *group) unregister() {
	if g.registration == nil {
		return
	}
	if err := g.registration.Unregister(); err != nil {
		otel.Handle(err)
	}
}

// take returns the open sources and the last values of closed sources. The last values are
// returned only once.
func (g *group) take() (open []*Source, last values) {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, g.last = g.last, nil
	return slices.Clone(g.open), last
}

// collect is the callback of the meter. It holds no lock while it calls a source, because a
// source may wait for a lock of the program. If an open source and a closed source have the
// same series, only the value of the open source is reported. The SDK would otherwise add the
// values, or use any of them.
func (g *group) collect(_ context.Context, o metric.Observer) error {
	open, last := g.take()
	if last == nil {
		last = values{}
	}
	reported := values{}
	for _, s := range open {
		now := values{}
		switch state := g.observe(s, o, now); state {
		case Open:
			now.report(o)
			maps.Copy(reported, now)
		case Ended, Closed:
			maps.Copy(last, now)
			if state == Closed {
				s.Discard()
			}
		}
	}
	for of := range reported {
		delete(last, of)
	}
	last.report(o)
	return nil
}

// observe stores the values of s in now. If the group is not shared, it reports them to o.
func (g *group) observe(s *Source, o metric.Observer, now values) State {
	if g.shared {
		o = recorder{values: now}
	}
	return s.observe(o)
}
