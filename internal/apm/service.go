package apm

import (
	"regexp"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// service is what one service sent and wrote.
type service struct {
	name    string
	spans   []*span
	series  map[string][]*series
	lines   []*line
	records []*record
	edges   []Edge
	texts   texts
	all     map[spanKey]*span // of the whole recording
	names   []string          // of all services of the recording
	written string            // the service that wrote the lines, if that is another
}

func (r *Recording) service(name string, edges []Edge) *service {
	s := &service{name: name, series: map[string][]*series{}, all: map[spanKey]*span{}, names: r.services}
	for _, one := range r.spans {
		s.all[spanKey{one.trace, one.id}] = one
		if one.resource.service == name {
			s.spans = append(s.spans, one)
		}
	}
	for _, one := range r.series {
		if one.resource.service == name {
			s.series[one.name] = append(s.series[one.name], one)
		}
	}
	for _, one := range r.records {
		if one.resource.service == name {
			s.records = append(s.records, one)
		}
	}
	s.lines, s.written = r.linesOf(name)
	for _, e := range edges {
		if e.Client == name || e.Server == name {
			s.edges = append(s.edges, e)
		}
	}
	s.texts = r.texts.of(name)
	for _, l := range s.lines {
		s.texts.line(l)
	}
	return s
}

// linesOf returns the lines of a service: those recorded under its name, or those
// of a program that gave itself another name.
func (r *Recording) linesOf(name string) (lines []*line, under string) {
	for _, l := range r.lines {
		if l.resource.service == name {
			lines = append(lines, l)
		}
	}
	senders := r.senders()
	if len(lines) > 0 || len(senders) != 1 || !senders[name] || len(r.lines) == 0 {
		return lines, ""
	}
	return r.lines, r.lines[0].resource.service
}

// senders returns the services that sent something.
func (r *Recording) senders() map[string]bool {
	names := map[string]bool{}
	for _, s := range r.spans {
		names[s.resource.service] = true
	}
	for _, s := range r.series {
		names[s.resource.service] = true
	}
	for _, s := range r.records {
		names[s.resource.service] = true
	}
	return names
}

// A selector tells spans of one sort from others.
type selector func(*span) bool

func (s *service) pick(sel selector) []*span {
	var picked []*span
	for _, one := range s.spans {
		if sel(one) {
			picked = append(picked, one)
		}
	}
	return picked
}

func (s *service) any(sel selector) bool { return slices.ContainsFunc(s.spans, sel) }

// resources returns the resources of all that the service sent.
func (s *service) resources() []*resource {
	var all []*resource
	add := func(r *resource) {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	for _, one := range s.spans {
		add(one.resource)
	}
	for _, some := range s.series {
		for _, one := range some {
			add(one.resource)
		}
	}
	for _, one := range s.records {
		add(one.resource)
	}
	return all
}

// belowEntry reports whether an ancestor of one, in this service or another, is
// how work came in.
func (s *service) belowEntry(one *span) bool {
	for range len(s.all) { // a cycle ends too
		parent := s.all[spanKey{one.trace, one.parent}]
		if parent == nil {
			return false
		}
		if isEntry(parent) {
			return true
		}
		one = parent
	}
	return false
}

// The kinds of spans.
const (
	client   = tracepb.Span_SPAN_KIND_CLIENT
	server   = tracepb.Span_SPAN_KIND_SERVER
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

// The sorts of spans. Each is told by either dialect, and by that of neither.
func isServer(s *span) bool     { return s.is(server) }
func isDatabase(s *span) bool   { return s.hasAny("db.") && !s.is(server, consumer) }
func isMessaging(s *span) bool  { return s.hasAny("messaging.") }
func isRPC(s *span) bool        { return s.hasAny("rpc.") }
func isHTTP(s *span) bool       { return s.either("http.request.method") != "" }
func isHTTPServer(s *span) bool { return isServer(s) && isHTTP(s) }
func isHTTPClient(s *span) bool { return s.is(client) && isHTTP(s) && !isDatabase(s) && !isRPC(s) }
func isQuery(s *span) bool      { return isDatabase(s) && s.either("db.query.text") != "" }
func isProducer(s *span) bool   { return isMessaging(s) && s.is(producer) }
func isConsumer(s *span) bool   { return isMessaging(s) && s.is(consumer) }
func isRoutedServer(s *span) bool {
	return isHTTPServer(s) && strings.Contains(s.GetName(), " /")
}

// isRemote reports whether s calls something that the platform calls a dependency.
func isRemote(s *span) bool { return s.is(client, producer, consumer) }

// The database systems that run in the process: they have no address, and no pool
// that anybody would share.
var embedded = map[string]bool{"sqlite": true, "duckdb": true, "h2": true, "hsqldb": true, "derby": true, "h2database": true}

func isEmbedded(s *span) bool { return embedded[s.either("db.system.name")] }

// sqlSystems are those that are spoken to through a pool of connections.
func isPooled(s *span) bool {
	switch s.either("db.system.name") {
	case "redis", "valkey", "opensearch", "elasticsearch", "mongodb", "memcached", "cassandra":
		return false
	}
	return isDatabase(s)
}

// method is how a span name that can be parsed begins.
var method = regexp.MustCompile(`^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY|_OTHER)( |$)`)
