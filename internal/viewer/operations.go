package viewer

import (
	"cmp"
	"math"
	"slices"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// An Operation summarizes the server or consumer spans of a service that have the same name. The
// name contains the route, the RPC method or the topic.
type Operation struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Kind    string `json:"kind"` // "server" or "consumer"
	Figures
}

// OperationList contains the operations in a time range.
type OperationList struct {
	Revision   uint64      `json:"revision"`
	Seconds    float64     `json:"seconds"`    // length of the time for which rates are computed
	Found      int         `json:"found"`      // number of operations, including those that are left out
	Operations []Operation `json:"operations"` // at most 500; the most frequent operation is first
}

// maxOperations is the maximum number of operations on a page. A program that puts IDs into the
// names of its spans has more of them.
const maxOperations = 500

// operationOf returns the name of a server or consumer span. For other spans, it returns "".
func operationOf(s *tracetree.Span) string {
	if kind := s.GetKind(); kind != tracepb.Span_SPAN_KIND_SERVER && kind != tracepb.Span_SPAN_KIND_CONSUMER {
		return ""
	}
	return nameOf(s)
}

// operationsOf returns the operations of the spans that ended at or after since. The time for which
// rates are computed begins at since, or with the first span in the store if this is later. It ends
// now, or with the last of these spans if since is 0.
func operationsOf(traces map[tracetree.ID]*trace, since, now uint64) OperationList {
	type key struct{ service, name, kind string }
	calls := map[key]*tally{}
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, t := range traces {
		first = min(first, t.start)
		for _, s := range t.spans {
			name := operationOf(s)
			if name == "" || s.GetEndTimeUnixNano() < since {
				continue
			}
			last = max(last, s.GetEndTimeUnixNano())
			k := key{s.Service(), name, kindOf(s)}
			if calls[k] == nil {
				calls[k] = &tally{}
			}
			calls[k].add(s, s.Failed())
		}
	}
	if since > 0 {
		first, last = max(first, since), now
	}
	list := OperationList{Seconds: float64(elapsed(first, last)) / 1e9, Found: len(calls), Operations: []Operation{}}
	for k, c := range calls {
		list.Operations = append(list.Operations, Operation{Service: k.service, Name: k.name, Kind: k.kind, Figures: c.figures(list.Seconds)})
	}
	slices.SortFunc(list.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	list.Operations = list.Operations[:min(len(list.Operations), maxOperations)]
	return list
}

// The function nanos converts a time to Unix ns. The result for the zero time is 0.
func nanos(at time.Time) uint64 {
	if at.IsZero() {
		return 0
	}
	return uint64(max(at.UnixNano(), 0)) //nolint:gosec // not negative
}
