package waterfall

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"

	"github.com/nais/spor/internal/display"
)

// attributes are those of a span by key.
type attributes map[string]*commonpb.AnyValue

func attributesOf(list []*commonpb.KeyValue) attributes {
	attrs := make(attributes, len(list))
	for _, kv := range list {
		attrs[kv.GetKey()] = kv.GetValue()
	}
	return attrs
}

// first returns the value of the first of keys that the span has: the name of
// today, then that of the older conventions which NAIS reads.
func (a attributes) first(keys ...string) string {
	for _, key := range keys {
		if v := valueText(a[key]); v != "" {
			return v
		}
	}
	return ""
}

func (a attributes) has(keys ...string) bool { return a.first(keys...) != "" }

// Details returns the two or three attributes that a reader of the span needs,
// which are others for each kind of operation, on one line.
func Details(s *tracepb.Span) string {
	a := attributesOf(s.GetAttributes())
	var parts []string
	switch {
	case a.has("http.request.method", "http.method"):
		parts = httpDetails(s, a)
	case a.has("db.system.name", "db.system"):
		parts = dbDetails(a)
	case a.has("rpc.system.name", "rpc.system"):
		parts = rpcDetails(s, a)
	case a.has("messaging.system"):
		parts = messagingDetails(s, a)
	default:
		parts = otherDetails(s.GetAttributes())
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

func httpDetails(s *tracepb.Span, a attributes) []string {
	status := a.first("http.response.status_code", "http.status_code")
	if s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT {
		target := a.first("url.full", "http.url", "server.address", "net.peer.name")
		return []string{status, strings.TrimPrefix(target, "http://")}
	}
	path := a.first("url.path", "http.target")
	if path == a.first("http.route") {
		path = "" // the span's name says it
	}
	return []string{status, path}
}

func dbDetails(a attributes) []string {
	return []string{
		a.first("db.system.name", "db.system"),
		a.first("db.query.text", "db.statement", "db.query.summary", "db.namespace", "db.name"),
	}
}

func rpcDetails(s *tracepb.Span, a attributes) []string {
	status := a.first("rpc.response.status_code", "rpc.grpc.status_code")
	if code, err := strconv.ParseUint(status, 10, 32); err == nil {
		status = codes.Code(code).String()
	}
	parts := []string{a.first("rpc.system.name", "rpc.system"), status, a.first("rpc.method_original")}
	if s.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
		return parts
	}
	parts = append(parts, hostPort(a.first("server.address", "net.peer.name"), a.first("server.port", "net.peer.port")))
	retries := 0
	for _, event := range s.GetEvents() {
		if event.GetName() == "attempt" { // as grpctrace has it, from the second on
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
	// The notation of librdkafka: topic [partition] @ offset.
	var place string
	if partition := a.first("messaging.destination.partition.id", "messaging.kafka.destination.partition"); partition != "" {
		place = "[" + partition + "]"
	}
	if offset := a.first("messaging.kafka.offset", "messaging.kafka.message.offset"); offset != "" {
		place += "@" + offset
	}
	return append(parts, place)
}

// otherDetails are what the program's author put on the span, in that order.
// The type of an error is for the notes.
func otherDetails(list []*commonpb.KeyValue) []string {
	const most = 3
	var parts []string
	for _, kv := range list {
		family, _, _ := strings.Cut(kv.GetKey(), ".")
		if family == "code" || family == "thread" || kv.GetKey() == "error.type" {
			continue
		}
		if parts = append(parts, display.Line(kv.GetKey())+"="+valueText(kv.GetValue())); len(parts) == most {
			break
		}
	}
	return parts
}

// longestValue is how much of a value is looked at: no line is that wide.
const longestValue = 1024

// valueText writes v on one line.
func valueText(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return display.Line(shorten(v.StringValue))
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return fmt.Sprintf("%d bytes", len(v.BytesValue))
	case *commonpb.AnyValue_ArrayValue:
		return fmt.Sprintf("%d values", len(v.ArrayValue.GetValues()))
	case *commonpb.AnyValue_KvlistValue:
		return fmt.Sprintf("%d values", len(v.KvlistValue.GetValues()))
	default:
		return ""
	}
}

func shorten(s string) string { return s[:min(len(s), longestValue)] }
