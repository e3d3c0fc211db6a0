package apm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nais/spor/internal/healthcheck"
)

// isEntry reports whether s is a SERVER or CONSUMER span. Work enters the service with such a
// span.
func isEntry(s *span) bool { return s.is(server, consumer) }

// sendsTelemetry requires any telemetry. A service that has sent only metrics has started telemetry,
// but has done no work.
func sendsTelemetry(s *service) answer {
	if len(s.spans)+len(s.series)+len(s.records) == 0 {
		return no("no telemetry")
	}
	return answer{met: true}
}

// measured matches the metrics of requests, calls and messages. A service has them even if none of
// its spans is sampled.
var measured = regexp.MustCompile(`^(http|rpc)_(server|client)_|^messaging_|^db_client_operation_`)

func hasSpans(s *service) answer {
	if len(s.spans) > 0 {
		return yes("%s", count(len(s.spans), "spans"))
	}
	if !sendsTelemetry(s).met {
		return answer{met: true} // the service must start telemetry first
	}
	worked := slices.ContainsFunc(s.lines, func(l *line) bool { return l.field("trace_id") != "" })
	for name := range s.series {
		worked = worked || measured.MatchString(name)
	}
	if worked {
		return no("no spans, although requests were made").cured(cureSampled)
	}
	return no("no spans: no request was made")
}

// entrySpans names the spans that RED metrics are computed from. These are the SERVER spans. If
// there are no SERVER spans, they are the CLIENT, PRODUCER and CONSUMER spans instead. A service
// without any of them does not use the panel.
func entrySpans(s *service) answer {
	if n := len(s.pick(isServer)); n > 0 {
		return yes("%s", count(n, "SERVER spans"))
	}
	return yes("no SERVER spans, %s of other kinds", count(len(s.pick(isRemote)), "spans"))
}

func platformName(s *service) answer {
	if s.written != "" {
		return no("service.name is %q, but the platform has set %q", s.name, s.written)
	}
	if s.name == unknown || strings.HasPrefix(s.name, unknown+":") {
		return no("service.name is %q", s.name)
	}
	return yes("service.name %s", s.name)
}

// resourceHas requires the attribute key. It must be in the resource of all spans, metrics and
// log records.
func resourceHas(key string) func(*service) answer {
	return func(s *service) answer {
		value := ""
		for _, r := range s.resources() {
			if r.attrs[key] == "" {
				return no("resource without %s", key)
			}
			value = r.attrs[key]
		}
		if value == "" { // without telemetry, there is no resource
			return answer{met: true}
		}
		return yes("%s", key)
	}
}

// errorCodes are the gRPC status codes that mean an error of the server.
var errorCodes = map[string]bool{
	"2": true, "4": true, "12": true, "13": true, "14": true, "15": true,
	"UNKNOWN": true, "DEADLINE_EXCEEDED": true, "UNIMPLEMENTED": true, "INTERNAL": true, "UNAVAILABLE": true, "DATA_LOSS": true,
}

// trueErrors requires that a server span has the status error if the server failed. In all
// other cases, the span must not have the status error.
func trueErrors(s *service) answer {
	failed := 0
	for _, one := range s.pick(isServer) {
		code, _ := strconv.Atoi(one.either("http.response.status_code"))
		rpc := one.first("rpc.response.status_code", "rpc.grpc.status_code")
		switch {
		case code >= 500 && !one.failed():
			return no("%s with status %d is not marked as an error", nameOf(one), code).about(one)
		case code >= 400 && code < 500 && one.failed():
			return no("%s with status %d is marked as an error", nameOf(one), code).about(one)
		case code == 0 && rpc != "" && rpc != "0" && rpc != "OK" && errorCodes[rpc] != one.failed():
			return no("%s with gRPC status code %s: marked as an error is %t", nameOf(one), rpc, one.failed()).about(one)
		}
		if one.failed() {
			failed++
		}
	}
	return yes("%s", count(failed, "errors"))
}

// The function unmatched reports whether the request for span s matched no route of the server.
func unmatched(s *span) bool {
	code := s.either("http.response.status_code")
	return code == "404" || code == "405"
}

func routeNames(s *service) answer {
	routed, others := 0, 0
	for _, one := range s.pick(isServer) {
		name, route := one.GetName(), one.attrs["http.route"]
		switch {
		case !isHTTP(one):
			others++
		case !method.MatchString(name):
			return no("server span named %q (want METHOD /route)", nameOf(one)).about(one)
		case isRoutedServer(one):
			routed++
		case route != "" || !unmatched(one):
			return no("server span named %q, without a route", nameOf(one)).about(one)
		}
	}
	if others > 0 {
		return yes("%s with a route, %d without HTTP", count(routed, "server spans"), others)
	}
	return yes("%s with a route", count(routed, "server spans"))
}

func clientNames(s *service) answer {
	picked := s.pick(isHTTPClient)
	for _, one := range picked {
		if !method.MatchString(one.GetName()) {
			return no("client span named %q (want METHOD)", nameOf(one)).about(one)
		}
	}
	return yes("%s", count(len(picked), "client spans"))
}

func shortMethods(s *service) answer {
	for _, one := range s.pick(isKnownRPC) {
		if m := one.attrs["rpc.method"]; m == "" || strings.Contains(m, "/") {
			return no("rpc.method is %q on %s", m, nameOf(one)).about(one)
		}
	}
	return answer{met: true}
}

func statusCodes(s *service) answer {
	n := 0
	for _, one := range s.pick(isHTTPServer) {
		if one.has("http.status_code") {
			n++
		} else if one.has("http.response.status_code") {
			return no("%s without http.status_code", nameOf(one)).about(one)
		}
	}
	if n == 0 {
		return no("no server span with http.status_code")
	}
	return yes("http.status_code")
}

func stableNames(s *service) answer {
	names := map[string]bool{}
	for _, one := range s.pick(isCounted) {
		if trouble := s.nameTrouble(one); trouble != "" {
			return no("span name %q: %s", nameOf(one), trouble).about(one)
		}
		names[one.GetName()] = true
	}
	return yes("%s", count(len(names), "span names"))
}

func noHealthChecks(s *service) answer {
	for _, one := range s.pick(isServer) {
		if isHealthCheck(one) {
			return no("a health check has the span %s", nameOf(one)).about(one)
		}
	}
	return yes("no health check has a span")
}

func isHealthCheck(s *span) bool {
	if healthcheck.RPC(s.first("rpc.service", "rpc.method")) {
		return true
	}
	verb, route, _ := strings.Cut(s.GetName(), " ")
	return slices.ContainsFunc([]string{route, s.attrs["http.route"], rawPath(s)},
		func(path string) bool { return healthcheck.HTTP(verb, path) })
}
