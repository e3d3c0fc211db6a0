package apm

import (
	"regexp"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/sqltext"
)

type service struct {
	name    string
	spans   []*span
	series  map[string][]*series
	lines   []*line
	records []*record
	edges   []Edge
	texts   texts
	all     map[spanKey]*span // the spans of all services in the recording
	names   []string          // the names of all services in the recording
	under   *service          // the result of underSetup, or nil
	written string            // the name under which the lines were recorded; "" means the name of the service
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

// linesOf returns the lines of a service. Normally these are the lines that were recorded with
// the name of the service, and the result under is empty. The exception is a program that changes
// its service.name after spor has set the name. In that case no lines have the name of the
// service, and no other service sent telemetry. linesOf then returns all lines, and the result
// under is the name with which these lines were recorded.
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

// belowEntry reports whether the given span has an ancestor that is an entry span. The ancestor
// may be a span of another service.
func (s *service) belowEntry(one *span) bool {
	for range len(s.all) { // the limit ends the loop if the parents form a cycle
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

const (
	client   = tracepb.Span_SPAN_KIND_CLIENT
	server   = tracepb.Span_SPAN_KIND_SERVER
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

// The following functions report whether a span is of a certain kind. They accept the stable
// attribute names and the older names.
func isServer(s *span) bool         { return s.is(server) }
func isDatabase(s *span) bool       { return s.hasAny("db.") && !s.is(server, consumer) }
func isDatabaseClient(s *span) bool { return isDatabase(s) && s.is(client) }
func isRPC(s *span) bool            { return s.hasAny("rpc.") }
func isKnownRPC(s *span) bool       { return isRPC(s) && s.attrs["rpc.method"] != "_OTHER" } // a method that the server has
func isHTTP(s *span) bool           { return s.either("http.request.method") != "" }
func isHTTPServer(s *span) bool     { return isServer(s) && isHTTP(s) }
func isHTTPClient(s *span) bool     { return s.is(client) && isHTTP(s) && !isDatabase(s) && !isRPC(s) }
func isQuery(s *span) bool          { return isDatabase(s) && s.either("db.query.text") != "" }
func isProducer(s *span) bool       { return isMessaging(s) && s.is(producer) }
func isMessage(s *span) bool        { return isProducer(s) || isConsumer(s) }
func isConsumer(s *span) bool       { return isMessaging(s) && s.is(consumer) }
func isRoutedServer(s *span) bool {
	return isHTTPServer(s) && strings.Contains(s.GetName(), " /")
}

// isMessaging reports whether s is the span of a message. The span of a call to the API of a
// message broker, such as SQS, is an RPC and not a message.
func isMessaging(s *span) bool { return s.hasAny("messaging.") && (!s.is(client) || !isRPC(s)) }

// isCounted reports whether the platform makes span metrics of s. It makes none of INTERNAL spans.
func isCounted(s *span) bool { return s.is(server, client, producer, consumer) }

// isRemote reports whether s is a CLIENT, PRODUCER or CONSUMER span. The platform calls the
// other end of such a span a dependency.
func isRemote(s *span) bool { return s.is(client, producer, consumer) }

// The variable embedded contains the database systems that run inside the process of the service.
// Such a database has no address.
var embedded = map[string]bool{"sqlite": true, "duckdb": true, "h2": true, "hsqldb": true, "derby": true, "h2database": true}

func isEmbedded(s *span) bool { return embedded[s.either("db.system.name")] }

// isNamedDatabase reports whether s is a call to a database that has a name. An embedded database
// has none, and the clients of databases without SQL often do not know it.
func isNamedDatabase(s *span) bool { return isPooled(s) && !isEmbedded(s) }

// isPooled reports whether s is a call to a database for SQL. Its clients use a connection pool.
func isPooled(s *span) bool {
	switch system := s.either("db.system.name"); system {
	case "valkey", "dynamodb", "aws.dynamodb", "azure.cosmosdb", "couchbase":
		return false
	default:
		return isDatabase(s) && sqltext.DialectOf(system) != sqltext.Opaque
	}
}

// connects matches the name of a span in which a client only prepares to send statements.
var connects = regexp.MustCompile(`(?i)(^|[ .:_])(connect|connector|dial|ping|acquire|reset|reset_session)$`)

// isStatement reports whether s is a call in which a database executes a statement. Libraries for
// databases without SQL record no statements, or only if the program wants them.
func isStatement(s *span) bool {
	return isQuery(s) || isPooled(s) && s.is(client) && !connects.MatchString(s.GetName())
}

// namesTable reports whether s is a query whose text names a table. The text of a command for a
// database without SQL never does.
func namesTable(s *span) bool {
	return isQuery(s) && isPooled(s) && sqltext.Analyze(sqltext.DialectOf(s.either("db.system.name")), s.either("db.query.text")).Collection != ""
}

// The variable method matches a span name that starts with an HTTP method. The platform expects
// such names.
var method = regexp.MustCompile(`^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY|_OTHER)( |$)`)
