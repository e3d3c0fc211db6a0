package observable

import (
	"slices"
	"sync"
	"weak"

	"go.opentelemetry.io/otel/metric"

	"github.com/nais/spor/internal/otelutil"
)

// groups contains the groups that are in use. A group is in use as long as its meter has its
// callback, or one of its sources is open. The pointers are weak, so that a meter provider that
// the program no longer uses is garbage-collected.
var groups struct {
	sync.Mutex
	all []weak.Pointer[group]
}

// groupOf returns the group for sources with the meter m and the given instruments.
func groupOf(m metric.Meter, instruments []metric.Observable) (g *group, err error) {
	g = findGroup(m, instruments)
	g.registers.Do(func() { // without the lock of groups, because the SDK may wait for a collection
		var registration metric.Registration
		registration, err = m.RegisterCallback(g.collect, instruments...)
		if !g.shared {
			g.registration = registration
		}
	})
	return g, err
}

func findGroup(m metric.Meter, instruments []metric.Observable) *group {
	groups.Lock()
	defer groups.Unlock()
	for _, p := range groups.all {
		if g := p.Value(); g != nil && otelutil.Same(g.meter, m) && same(g.instruments, instruments) {
			return g
		}
	}
	g := &group{meter: m, instruments: slices.Clone(instruments)}
	g.shared = otelutil.Same(m, m) && same(instruments, instruments)
	if g.shared {
		groups.all = slices.DeleteFunc(groups.all, func(p weak.Pointer[group]) bool { return p.Value() == nil })
		groups.all = append(groups.all, weak.Make(g))
	}
	return g
}

func same(a, b []metric.Observable) bool {
	return slices.EqualFunc(a, b, func(a, b metric.Observable) bool { return otelutil.Same(a, b) })
}
