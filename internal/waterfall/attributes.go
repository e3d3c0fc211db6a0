package waterfall

import (
	"net"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/otlpattr"
)

type attributes []*commonpb.KeyValue

// The method first returns the value of the first key whose value is not empty. The result is on
// one line. If a key is a stable name, first also looks for the older name in package dialect.
func (a attributes) first(keys ...string) string { return line(otlpattr.First(a, keys...)) }

func (a attributes) has(keys ...string) bool { return a.first(keys...) != "" }

// Details returns the two or three most useful attributes of a span, on one line. Which
// attributes these are depends on the kind of operation.
func Details(s *tracepb.Span) string {
	a := attributes(s.GetAttributes())
	var parts []string
	switch {
	case a.has("http.request.method"):
		parts = httpDetails(s, a)
	case a.has("db.system.name"):
		parts = dbDetails(a)
	case a.has("rpc.system.name"):
		parts = rpcDetails(s, a)
	case a.has("messaging.system"):
		parts = messagingDetails(s, a)
	default:
		parts = otherDetails(a)
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

func httpDetails(s *tracepb.Span, a attributes) []string {
	status := a.first("http.response.status_code")
	if s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT {
		target := a.first("url.full", "http.url", "server.address", "net.peer.name")
		return []string{status, strings.TrimPrefix(target, "http://")}
	}
	path := a.first("url.path", "http.target")
	if path == a.first("http.route") {
		path = "" // the name of the span already contains the path
	}
	return []string{status, path}
}

func dbDetails(a attributes) []string {
	return []string{
		a.first("db.system.name"),
		a.first("db.query.text", "db.query.summary", "db.namespace"),
	}
}

func rpcDetails(s *tracepb.Span, a attributes) []string {
	status := a.first("rpc.response.status_code", "rpc.grpc.status_code")
	if code, err := strconv.ParseUint(status, 10, 32); err == nil {
		status = codes.Code(code).String()
	}
	parts := []string{a.first("rpc.system.name"), status, a.first("rpc.method_original")}
	if s.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
		return parts
	}
	parts = append(parts, hostPort(a.first("server.address", "net.peer.name"), a.first("server.port", "net.peer.port")))
	retries := 0
	for _, event := range s.GetEvents() {
		if event.GetName() == "attempt" { // grpctrace adds this event for each attempt except the first
			retries++
		}
	}
	if retries > 0 {
		parts = append(parts, count(retries+1, "attempt"))
	}
	return parts
}

func hostPort(host, port string) string {
	if host == "" || port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

func messagingDetails(s *tracepb.Span, a attributes) []string {
	parts := []string{a.first("messaging.system")}
	if destination := a.first("messaging.destination.name"); !strings.Contains(s.GetName(), destination) {
		parts = append(parts, destination)
	}
	// librdkafka uses the same notation: topic [partition] @ offset.
	var place string
	if partition := a.first("messaging.destination.partition.id", "messaging.kafka.destination.partition"); partition != "" {
		place = "[" + partition + "]"
	}
	if offset := a.first("messaging.kafka.offset"); offset != "" {
		place += "@" + offset
	}
	return append(parts, place)
}

// otherDetails returns the first attributes of the span, at most three. It leaves out
// error.type, because the notes contain it. It also leaves out attributes whose names start with
// the word code or thread, because the program itself has not set them.
func otherDetails(a attributes) []string {
	const most = 3
	var parts []string
	for _, kv := range a {
		family, _, _ := strings.Cut(kv.GetKey(), ".")
		if family == "code" || family == "thread" || kv.GetKey() == "error.type" {
			continue
		}
		if parts = append(parts, display.Line(kv.GetKey())+"="+line(otlpattr.Text(kv.GetValue()))); len(parts) == most {
			break
		}
	}
	return parts
}

// longestValue is the maximum number of bytes of a value that are drawn. No line is longer.
const longestValue = 1024

// The function line returns the beginning of text on one line.
func line(text string) string { return display.Line(text[:min(len(text), longestValue)]) }
