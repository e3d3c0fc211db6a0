package apm

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/stock"
)

func isKafka(s *span) bool { return isMessaging(s) && s.attrs["messaging.system"] == "kafka" }

func clientKind(s *service) answer {
	if !s.any(func(one *span) bool { return isDatabase(one) && one.is(client) }) {
		return no("no CLIENT span of a database")
	}
	for _, one := range s.pick(isDatabase) {
		if one.attrs["db.system"] == "valkey" {
			return no("db.system is valkey, which APM does not know (want redis)")
		}
	}
	return answer{met: true}
}

// driverMethod matches the name of a span for a query that comes from the name of a method of the
// database driver. A good span name comes from the statement instead.
var driverMethod = regexp.MustCompile(`^(sql|db)[.:](conn|stmt|tx|connector|rows|query|exec)`)

func queryNames(s *service) answer {
	for _, one := range s.pick(isQuery) {
		name := one.GetName()
		text := one.either("db.query.text")
		if stock.Prepares(name) {
			continue
		}
		if driverMethod.MatchString(name) {
			return no("span named %q, after a method of the driver", nameOf(one)).about(one)
		}
		if len(text) > 30 && name == text {
			return no("span named after its whole statement")
		}
	}
	return answer{met: true}
}

func databaseAddress(s *service) answer {
	waived := 0
	for _, one := range s.pick(func(one *span) bool { return isDatabase(one) && one.is(client) }) {
		switch {
		case one.has("server.address"):
		case isNamedDatabase(one):
			return no("%s without server.address", nameOf(one)).about(one)
		default:
			waived++
		}
	}
	if waived > 0 {
		return yes("no server.address needed: embedded database, or a database without SQL")
	}
	return yes("server.address")
}

func queriesInRequests(s *service) answer {
	for _, one := range s.pick(isQuery) {
		if s.belowEntry(one) {
			return yes("%s below the span of a request", nameOf(one))
		}
	}
	return no("no query below the span of a request")
}

func databaseEdges(s *service) answer {
	for _, one := range s.pick(func(one *span) bool { return isDatabase(one) && one.is(client) }) {
		if !one.has("db.name", "db.system") {
			return no("%s makes no edge: it has neither db.system nor db.name", nameOf(one)).about(one)
		}
	}
	for _, e := range s.edges {
		if e.Type == databaseEdge && e.Client == s.name {
			return yes("edge to %s", e.Server)
		}
	}
	return answer{met: true}
}

// callEdges requires that each client span for an HTTP or RPC call has an address. If the other
// end of the call sends no span, APM uses this address.
func callEdges(s *service) answer {
	for _, one := range s.pick(func(one *span) bool { return one.is(client) && (isHTTP(one) || isRPC(one)) && !isDatabase(one) }) {
		if !one.has("server.address", "http.host", "peer.service") {
			return no("%s without server.address", nameOf(one)).about(one)
		}
	}
	for _, e := range s.edges {
		if e.Type == "" && e.Client == s.name {
			return yes("edge to %s", e.Server)
		}
	}
	return answer{met: true}
}

func messagingKinds(s *service) answer {
	if !s.any(func(one *span) bool { return one.is(producer, consumer) }) {
		return no("no PRODUCER and no CONSUMER span")
	}
	return answer{met: true}
}

func messagingNames(s *service) answer {
	for _, one := range s.pick(func(one *span) bool { return isProducer(one) || isConsumer(one) }) {
		topic, want := one.first("messaging.destination.name", "messaging.source.name"), " process"
		if one.is(producer) {
			want = " publish"
		} else if one.GetName() == topic+" receive" { // the span of a client that received the record
			continue
		}
		if topic == "" || one.GetName() != topic+want {
			return no("%s span named %q (want TOPIC%s)", strings.TrimPrefix(one.GetKind().String(), "SPAN_KIND_"), nameOf(one), want).about(one)
		}
	}
	of := func(kind tracepb.Span_SpanKind) int { return len(s.pick(func(one *span) bool { return one.is(kind) })) }
	return yes("%s, %s", count(of(producer), "PRODUCER spans"), count(of(consumer), "CONSUMER spans"))
}

// messagingEdges requires that each consumer span has a parent. If the recording contains the
// parent, it must be a producer or consumer span. A span link does not make an edge.
func messagingEdges(s *service) answer {
	if !s.any(isConsumer) {
		return answer{met: true}
	}
	for _, one := range s.pick(isConsumer) {
		switch parent := s.all[spanKey{one.trace, one.parent}]; {
		case one.parent == "":
			return no("%s has no parent", nameOf(one)).about(one)
		case parent != nil && !parent.is(producer, consumer):
			return no("%s is the child of %s, which is not a PRODUCER span", nameOf(one), nameOf(parent)).about(one)
		}
	}
	for _, e := range s.edges {
		if e.Type == messagingEdge {
			return yes("messages from %s to %s", e.Client, e.Server)
		}
	}
	return answer{met: true}
}

// The function propagated requires that the client span and the server span of the same call are
// in one trace.
func propagated(s *service) answer {
	served := map[spanKey]bool{}
	var roots []*span
	for _, one := range s.all {
		if one.is(server) {
			served[spanKey{one.trace, one.parent}] = true
			if one.parent == "" {
				roots = append(roots, one)
			}
		}
	}
	for _, one := range s.pick(func(one *span) bool { return one.is(client) && !isDatabase(one) }) {
		if served[spanKey{one.trace, one.id}] {
			continue
		}
		if slices.ContainsFunc(roots, func(root *span) bool { return sameCall(one, root) }) {
			return no("%s and the span of its server are in different traces", nameOf(one)).about(one)
		}
	}
	return answer{met: true}
}

// sameCall reports whether the client span c and the server span s belong to the same call.
// This requires that s does not start before c or end after c. For HTTP, the method and the
// path must also be the same. For RPC, the service and the method must be the same.
func sameCall(c, s *span) bool {
	if s.GetStartTimeUnixNano() < c.GetStartTimeUnixNano() || s.GetEndTimeUnixNano() > c.GetEndTimeUnixNano() {
		return false
	}
	if isRPC(c) && isRPC(s) {
		return c.attrs["rpc.method"] != "" && c.attrs["rpc.method"] == s.attrs["rpc.method"] && c.attrs["rpc.service"] == s.attrs["rpc.service"]
	}
	full, err := url.Parse(c.first("url.full", "http.url"))
	return err == nil && isHTTP(c) && isHTTP(s) && full.Path != "" && full.Path == s.first("url.path", "http.target") &&
		c.either("http.request.method") == s.either("http.request.method")
}

const (
	usageSeries  = "db_client_connections_usage"
	createSeries = "db_client_connections_create_time_milliseconds_bucket"
)

func anyPool(s *service) answer {
	if len(s.series[usageSeries])+len(s.series[createSeries]) == 0 {
		return no("no %s", usageSeries)
	}
	return answer{met: true}
}

// poolUsage requires that a pool with metrics has the metric for its number of connections. The
// program measures this number only when it exports metrics, and only while the pool exists.
func poolUsage(s *service) answer {
	if len(s.series[usageSeries]) == 0 && len(s.series[createSeries]) > 0 {
		return no("no %s, although connections were opened", usageSeries)
	}
	if a := anyPool(s); !a.met {
		return answer{met: true}
	}
	return metric(usageSeries, "pool_name", "state")(s)
}

// runtimeNames matches the names of the metrics that the platform accepts as runtime metrics.
var runtimeNames = regexp.MustCompile(`^(jvm|nodejs|hikaricp|db_client_connections|kafka_consumer|kafka_producer|process|system|go)_`)

func runtimeMetrics(s *service) answer {
	n := 0
	for name := range s.series {
		if runtimeNames.MatchString(name) {
			n++
		}
	}
	if n == 0 {
		return no("no metrics of the runtime, of a connection pool or of Kafka")
	}
	return yes("%s", count(n, "metrics"))
}
