package viewer

import (
	"cmp"
	"net"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// A Map is the service map for the traces in the store. Like Tempo's service graph, it shows
// which services call which other services.
type Map struct {
	Revision uint64  `json:"revision"`
	Seconds  float64 `json:"seconds"` // time from the start of the first span to the end of the last span
	Nodes    []Node  `json:"nodes"`
	Edges    []Edge  `json:"edges"`
}

// A Node is a service, something that a service calls, or something that calls a service.
type Node struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type"`            // "service", "database", "messaging", "external" or "callers"
	Label string `json:"label,omitempty"` // the database system, for example postgresql
}

// An Edge summarizes all calls from one node to another node with the same protocol.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label"` // the protocol or system: http, grpc, kafka, postgresql...
	Figures
}

// The constant callers is the ID of the node that stands for all callers that send no spans.
const callers = "callers"

func newMap(traces map[tracetree.ID]*trace) *Map {
	b := mapBuilder{nodes: map[string]Node{}, edges: map[edgeKey]*tally{}}
	var start, end uint64
	for _, t := range traces {
		b.trace(t)
		if t.end > 0 {
			start, end = cmp.Or(min(start, t.start), t.start), max(end, t.end)
		}
	}
	return b.build(float64(elapsed(start, end)) / 1e9)
}

type edgeKey struct{ from, to, label string }

type mapBuilder struct {
	nodes map[string]Node
	edges map[edgeKey]*tally
}

// The method trace adds the edges of t. There are two kinds of edges. An edge of the first kind
// is a call or a message with a server or consumer span. An edge of the second kind is a call or
// a message whose other end sent no span.
func (b *mapBuilder) trace(t *trace) {
	continued := map[tracetree.SpanID]bool{}
	for _, s := range t.spans {
		if kind := s.GetKind(); kind != tracepb.Span_SPAN_KIND_SERVER && kind != tracepb.Span_SPAN_KIND_CONSUMER {
			continue
		}
		to := b.service(s.Service())
		label := protocolOf(s)
		var parent *tracetree.Span
		if id := s.GetParentSpanId(); len(id) == len(tracetree.SpanID{}) {
			parent = t.spans[tracetree.SpanID(id)]
		}
		switch {
		case parent == nil && s.GetKind() == tracepb.Span_SPAN_KIND_SERVER:
			b.nodes[callers] = Node{ID: callers, Name: "callers", Type: "callers"}
			b.add(edgeKey{callers, to, label}, s, s.Failed())
		case parent == nil:
			b.add(edgeKey{b.topic(s), to, label}, s, s.Failed())
		case parent.GetKind() == tracepb.Span_SPAN_KIND_CLIENT || parent.GetKind() == tracepb.Span_SPAN_KIND_PRODUCER:
			continued[tracetree.SpanID(parent.GetSpanId())] = true
			b.add(edgeKey{b.service(parent.Service()), to, label}, s, s.Failed() || parent.Failed())
		}
	}
	for id, s := range t.spans {
		if !continued[id] {
			b.leaf(s)
		}
	}
}

// The method leaf adds the edge of a client or producer span. The caller makes sure that no
// server or consumer span in the trace belongs to the same call or message.
func (b *mapBuilder) leaf(s *tracetree.Span) {
	first := func(keys ...string) string { return otlpattr.First(s.GetAttributes(), keys...) }
	from := func() string { return b.service(s.Service()) }
	switch s.GetKind() {
	case tracepb.Span_SPAN_KIND_CLIENT:
		name := first("peer.service", "server.address", "net.peer.name")
		if system := first("db.system.name"); system != "" {
			if name = cmp.Or(name, peerAddress(s), first("db.namespace"), system); name == system {
				system = ""
			}
			id := "database:" + name
			b.nodes[id] = Node{ID: id, Name: name, Type: "database", Label: system}
			b.add(edgeKey{from(), id, cmp.Or(system, name)}, s, s.Failed())
		} else if name != "" {
			id := "external:" + name
			b.nodes[id] = Node{ID: id, Name: name, Type: "external"}
			b.add(edgeKey{from(), id, protocolOf(s)}, s, s.Failed())
		}
	case tracepb.Span_SPAN_KIND_PRODUCER:
		b.add(edgeKey{from(), b.topic(s), protocolOf(s)}, s, s.Failed())
	default:
	}
}

func (b *mapBuilder) service(name string) string {
	id := "service:" + name
	b.nodes[id] = Node{ID: id, Name: cmp.Or(name, "(no name)"), Type: "service"}
	return id
}

func (b *mapBuilder) topic(s *tracetree.Span) string {
	name := cmp.Or(otlpattr.First(s.GetAttributes(), "messaging.destination.name"), "(no destination)")
	id := "messaging:" + name
	b.nodes[id] = Node{ID: id, Name: name, Type: "messaging"}
	return id
}

func (b *mapBuilder) add(key edgeKey, s *tracetree.Span, failed bool) {
	if b.edges[key] == nil {
		b.edges[key] = &tally{}
	}
	b.edges[key].add(s, failed)
}

func (b *mapBuilder) build(seconds float64) *Map {
	m := &Map{Seconds: seconds, Nodes: []Node{}, Edges: []Edge{}}
	for _, n := range b.nodes {
		m.Nodes = append(m.Nodes, n)
	}
	slices.SortFunc(m.Nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	for key, calls := range b.edges {
		m.Edges = append(m.Edges, Edge{From: key.from, To: key.to, Label: key.label, Figures: calls.figures(seconds)})
	}
	slices.SortFunc(m.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Label, b.Label))
	})
	return m
}

func peerAddress(s *tracetree.Span) string {
	host, port := otlpattr.First(s.GetAttributes(), "network.peer.address"), otlpattr.First(s.GetAttributes(), "network.peer.port")
	if host == "" || port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

func protocolOf(s *tracetree.Span) string {
	if system := otlpattr.First(s.GetAttributes(), "rpc.system.name", "messaging.system"); system != "" {
		return system
	}
	if otlpattr.First(s.GetAttributes(), "http.request.method") != "" {
		return "http"
	}
	return ""
}
