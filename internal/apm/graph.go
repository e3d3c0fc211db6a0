package apm

import (
	"cmp"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// An Edge is an edge of the service graph. It has the form that Tempo's metrics generator gives
// it.
type Edge struct {
	Client string `json:"client"`
	Server string `json:"server"`
	// Type is one of these values:
	//   - "": a call between two services
	//   - messaging_system: a message
	//   - database: a call to a database
	//   - virtual_node: a call where one end sent no span
	Type            string `json:"type"`
	DBSystem        string `json:"db_system,omitempty"`
	MessagingSystem string `json:"messaging_system,omitempty"`
	Count           int    `json:"count"`
	Failed          int    `json:"failed"`
}

const (
	messagingEdge = "messaging_system"
	databaseEdge  = "database"
	virtualEdge   = "virtual_node"
)

// peerAttributes are the attributes that can contain the name of a server that sends no spans.
// If a span has several of these attributes, the first one in this list is used.
var peerAttributes = []string{"peer.service", "db.name", "db.system", "messaging.destination.name"}

// databaseNode returns the name of the node for the database that s calls. It also returns the
// key of the attribute that contains this name.
func databaseNode(s *span) (key, name string) {
	for _, key := range []string{"peer.service", "server.address", "network.peer.address", "db.name", "db.system"} {
		if name := s.first(key); name != "" {
			return key, name
		}
	}
	return "", ""
}

func edgesOf(spans []*span) []Edge {
	g := graph{edges: map[Edge]*Edge{}}
	waiting := map[spanKey]*span{} // contains the client and producer spans
	for _, s := range spans {
		if s.is(tracepb.Span_SPAN_KIND_CLIENT, tracepb.Span_SPAN_KIND_PRODUCER) {
			waiting[spanKey{s.trace, s.id}] = s
		}
	}
	met := map[spanKey]bool{}
	for _, s := range spans {
		if s.is(tracepb.Span_SPAN_KIND_SERVER, tracepb.Span_SPAN_KIND_CONSUMER) {
			g.served(s, waiting, met)
		}
	}
	for key, s := range waiting {
		if !met[key] {
			g.unserved(s)
		}
	}
	return g.sorted()
}

type spanKey struct{ trace, id string }

type graph struct{ edges map[Edge]*Edge }

// The method served adds the edge of a server or consumer span. A client or producer span has
// only one edge. If several consumer spans have the same producer span, only the first of them
// gets an edge.
func (g graph) served(s *span, waiting map[spanKey]*span, met map[spanKey]bool) {
	key := spanKey{s.trace, s.parent}
	client := waiting[key]
	switch {
	case client != nil && !met[key]:
		met[key] = true
		g.add(Edge{
			Client: client.resource.service, Server: s.resource.service, Type: joined(s),
			MessagingSystem: s.attrs["messaging.system"],
		}, s.failed() || client.failed())
	case s.parent == "" && s.is(tracepb.Span_SPAN_KIND_SERVER):
		g.add(Edge{Client: "user", Server: s.resource.service, Type: virtualEdge}, s.failed())
	}
}

func joined(s *span) string {
	if s.is(tracepb.Span_SPAN_KIND_CONSUMER) {
		return messagingEdge
	}
	return ""
}

// The method unserved adds the edge of a client or producer span. The server or consumer of this
// call sent no span.
func (g graph) unserved(s *span) {
	e := Edge{Client: s.resource.service, DBSystem: s.attrs["db.system"], MessagingSystem: s.attrs["messaging.system"]}
	switch peer := s.first(peerAttributes...); {
	case s.has("db.name", "db.system"):
		e.Type = databaseEdge
		_, e.Server = databaseNode(s)
	case peer != "":
		e.Type, e.Server = virtualEdge, peer
	default:
		return
	}
	g.add(e, s.failed())
}

func (g graph) add(e Edge, failed bool) {
	if g.edges[e] == nil {
		added := e
		g.edges[e] = &added
	}
	g.edges[e].Count++
	if failed {
		g.edges[e].Failed++
	}
}

func (g graph) sorted() []Edge {
	all := make([]Edge, 0, len(g.edges))
	for _, e := range g.edges {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Type, b.Type),
			cmp.Compare(a.DBSystem, b.DBSystem), cmp.Compare(a.MessagingSystem, b.MessagingSystem))
	})
	return all
}
