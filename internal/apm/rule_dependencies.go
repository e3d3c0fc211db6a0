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
	if !s.any(isDatabaseClient) {
		return no("no CLIENT span of a database").about(s.pick(isDatabase)...)
	}
	for _, one := range s.pick(isDatabase) {
		if one.attrs["db.system"] == "valkey" {
			return no("db.system is valkey, which APM does not know (want redis)").about(one).cured(cureValkey)
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

// databaseAddress(of, keys...) requires that each of these calls to a database has one of these
// attributes. An embedded database needs none. The clients of databases without SQL do not know it
// in every call, for example while they connect, so one call is enough.
func databaseAddress(of func(*span) bool, keys ...string) func(*service) answer {
	return func(s *service) answer {
		picked, waived := s.pick(func(one *span) bool { return of(one) && one.is(client) }), 0
		known := slices.ContainsFunc(picked, func(one *span) bool { return one.has(keys...) })
		for _, one := range picked {
			switch {
			case isEmbedded(one):
				waived++
			case one.has(keys...), known && !isPooled(one):
			default:
				return no("%s without %s", nameOf(one), keys[0]).about(one)
			}
		}
		switch {
		case waived > 0:
			return yes("no %s needed: embedded database", keys[0])
		case len(picked) > 0:
			return yes("%s", keys[0])
		}
		return answer{met: true}
	}
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
	for _, one := range s.pick(isDatabaseClient) {
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

// callAddresses requires that each client span for an HTTP or RPC call has an address. If the other
// end of the call sends no span, APM uses this address. A span with another client span below it
// needs none: otelaws, for example, does not know the address, but the HTTP client below it does.
func callAddresses(s *service) answer {
	above := map[string]bool{}
	for _, one := range s.pick(isHTTPClient) {
		above[one.parent] = true
	}
	calls := s.pick(func(one *span) bool { return one.is(client) && (isHTTP(one) || isRPC(one)) && !isDatabase(one) })
	for _, one := range calls {
		if !above[one.id] && !one.has("server.address", "http.host", "peer.service") {
			return no("%s without server.address", nameOf(one)).about(one)
		}
	}
	if len(calls) == 0 {
		return answer{met: true}
	}
	return yes("%s with an address", count(len(calls), "calls"))
}

// callEdges names an edge to another service, or else an edge from a caller.
func callEdges(s *service) answer {
	for _, e := range s.edges {
		if e.Type == "" && e.Client == s.name {
			return yes("edge to %s", e.Server)
		}
	}
	for _, e := range s.edges {
		if e.Server == s.name && e.Type != messagingEdge {
			return yes("edge from %s", e.Client)
		}
	}
	return answer{met: true}
}

func messagingKinds(s *service) answer {
	if !s.any(func(one *span) bool { return one.is(producer, consumer) }) {
		picked := s.pick(isMessaging)
		a := no("no PRODUCER and no CONSUMER span").about(picked...)
		if !slices.ContainsFunc(picked, isKafka) {
			return a.cured(cureMessages)
		}
		return a
	}
	return answer{met: true}
}

func messagingNames(s *service) answer {
	for _, one := range s.pick(isMessage) {
		topic, want := one.first("messaging.destination.name", "messaging.source.name"), " process"
		if one.is(producer) {
			want = " publish"
		} else if one.GetName() == topic+" receive" { // the span of a client that received the record
			continue
		}
		if topic == "" || one.GetName() != topic+want {
			a := no("%s span named %q (want TOPIC%s)", strings.TrimPrefix(one.GetKind().String(), "SPAN_KIND_"), nameOf(one), want).about(one)
			if !isKafka(one) {
				return a.cured(cureMessages)
			}
			return a
		}
	}
	of := func(kind tracepb.Span_SpanKind) int { return len(s.pick(func(one *span) bool { return one.is(kind) })) }
	return yes("%s, %s", count(of(producer), "PRODUCER spans"), count(of(consumer), "CONSUMER spans"))
}

// messagingEdges requires that each consumer span has a parent. If the recording contains the
// parent, it must be a producer or consumer span. A span link does not make an edge.
func messagingEdges(s *service) answer {
	if !s.any(isMessage) {
		return answer{met: true}
	}
	for _, one := range s.pick(isConsumer) {
		switch parent := s.all[spanKey{one.trace, one.parent}]; {
		case one.parent == "" && one.has("messaging.batch.message_count"):
			return no("%s is the span of a batch, and has no parent", nameOf(one)).about(one).cured(cureBatch)
		case one.parent == "" && !s.knowsSender(one):
			return yes("%s has no parent: the message had no trace context", nameOf(one))
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
	return yes("%s", count(len(s.pick(isMessage)), "messages"))
}

// knowsSender reports whether the span that sent a message is known: the consumer's span has a link
// to it, or the recording contains a producer span for the same topic. Otherwise, the message comes
// from a program that sends no trace context, and the consumer's program cannot change this.
func (s *service) knowsSender(one *span) bool {
	if len(one.GetLinks()) > 0 {
		return true
	}
	for _, other := range s.all {
		if isProducer(other) && other.attrs["messaging.destination.name"] == one.first("messaging.destination.name", "messaging.source.name") {
			return true
		}
	}
	return false
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
