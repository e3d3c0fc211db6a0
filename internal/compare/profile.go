package compare

import (
	"slices"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// A Profile collects the spans of one recording. The zero value is empty. A Profile is not safe
// for concurrent use.
type Profile struct {
	traces map[tracetree.ID][]*tracetree.Span
}

// Add adds the spans of a request. It ignores spans without a valid trace ID and span ID. The
// caller must not change the request after the call.
func (p *Profile) Add(request recording.Request) {
	if p.traces == nil {
		p.traces = map[tracetree.ID][]*tracetree.Span{}
	}
	for _, resource := range request.Traces.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				if id, _, ok := tracetree.Identity(s); ok {
					p.traces[id] = append(p.traces[id], &tracetree.Span{Span: s, Resource: resource.GetResource(), Scope: scope.GetScope()})
				}
			}
		}
	}
}

// Empty reports whether the recording contains no spans.
func (p *Profile) Empty() bool { return len(p.traces) == 0 }

// The method operations returns the figures of all operations.
func (p *Profile) operations() map[Operation]*figures {
	all := map[Operation]*figures{}
	for id, spans := range p.traces {
		addTrace(all, tracetree.Build(id, slices.Values(spans)))
	}
	for _, f := range all {
		slices.Sort(f.durations)
	}
	return all
}

// An openRequest is a request above the current span of a trace.
type openRequest struct {
	*figures

	depth   int
	queries int
}

func addTrace(all map[Operation]*figures, t *tracetree.Trace) {
	var open []openRequest // from the root to the current span
	for s, depth := range t.All {
		for len(open) > 0 && open[len(open)-1].depth >= depth {
			open = open[:len(open)-1]
		}
		o := operationOf(s)
		f := all[o]
		if f == nil {
			f = &figures{statements: map[string]*statement{}}
			all[o] = f
		}
		f.add(s)
		switch {
		case isRequest(s, depth):
			f.requests++
			open = append(open, openRequest{figures: f, depth: depth})
		case isQuery(s) && len(open) > 0:
			r := &open[len(open)-1]
			r.queries++
			r.addQuery(o.Name, s, r.queries)
		}
	}
}
