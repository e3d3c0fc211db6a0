package httptrace

import (
	"crypto/tls"
	"net/http/httptrace"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
)

// watchPhases adds hooks that record the phases of a request as events of span.
func watchPhases(span trace.Span, hooks *httptrace.ClientTrace) {
	event := func(name string, err error, attrs ...attribute.KeyValue) {
		if err != nil {
			attrs = append(attrs, semconv.ErrorTypeKey.String(errinfo.TypeOf(err)))
		}
		span.AddEvent(name, trace.WithAttributes(attrs...))
	}
	got := hooks.GotConn
	hooks.GotConn = func(info httptrace.GotConnInfo) {
		got(info)
		event("http.getconn.done", nil, attribute.Bool("http.conn.reused", info.Reused))
	}
	hooks.GetConn = func(string) { event("http.getconn.start", nil) }
	hooks.DNSStart = func(httptrace.DNSStartInfo) { event("http.dns.start", nil) }
	hooks.DNSDone = func(info httptrace.DNSDoneInfo) { event("http.dns.done", info.Err) }
	hooks.ConnectStart = func(_, addr string) { event("http.connect.start", nil, peerOf(addr)...) }
	hooks.ConnectDone = func(_, addr string, err error) { event("http.connect.done", err, peerOf(addr)...) }
	hooks.TLSHandshakeStart = func() { event("http.tls.start", nil) }
	hooks.TLSHandshakeDone = func(_ tls.ConnectionState, err error) { event("http.tls.done", err) }
	hooks.WroteRequest = func(info httptrace.WroteRequestInfo) { event("http.send.done", info.Err) }
	hooks.GotFirstResponseByte = func() { event("http.receive.start", nil) }
}
