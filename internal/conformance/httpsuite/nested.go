package httpsuite

import (
	"maps"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func testBatch(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "POST", "/batch", strings.NewReader("[]"), "Traceparent", traceparent)
	outer := checkBatch(t, s)
	if got := outer.Parent().SpanID().String(); got != parentID {
		t.Errorf("parent of the batch is %s", got)
	}
}

func testPublicBatch(t *testing.T, s *site) {
	s.start(t, httptrace.WithPublicEndpoint())
	s.ask(t, "POST", "/batch", strings.NewReader("[]"), "Traceparent", traceparent)
	outer := checkBatch(t, s)
	if outer.Parent().IsValid() {
		t.Errorf("parent of the batch is %v", outer.Parent())
	}
}

// checkBatch checks the spans and the metrics of a batch and of the requests in the batch. It
// returns the span of the batch.
func checkBatch(t *testing.T, s *site) sdktrace.ReadOnlySpan {
	t.Helper()
	spans := s.sdk.Wait(t, 6)
	outer := spans[len(spans)-1]
	batch, user, fails := "POST "+s.route("/batch"), "GET "+s.route("/users/{id}"), "GET "+s.route("/fails")
	checkSeen(t, s, spans, map[string]int{batch + " 200": 1, user + " 200": 4, fails + " 503": 1})
	for _, span := range spans[:len(spans)-1] {
		if got := span.Parent(); got.SpanID() != outer.SpanContext().SpanID() {
			t.Errorf("parent of %q is %v, want the batch", span.Name(), got)
		}
		if failed := span.Status().Code == codes.Error; failed != (span.Name() == fails) {
			t.Errorf("%q has status %v", span.Name(), span.Status())
		}
	}
	return outer
}

// checkSeen checks spans and the metrics of the server. The keys of want have the form
// "METHOD ROUTE STATUS". The values of want are the expected numbers of requests.
func checkSeen(t *testing.T, s *site, spans []sdktrace.ReadOnlySpan, want map[string]int) {
	t.Helper()
	got := make(map[string]int)
	for _, span := range spans {
		got[span.Name()+" "+oteltest.Map(span.Attributes())["http.response.status_code"]]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("spans %v, want %v", got, want)
	}
	measured := make(map[string]int)
	for _, point := range s.sdk.Seconds(t, "http.server.request.duration") {
		attrs := oteltest.Map(point.Attributes.ToSlice())
		measured[attrs["http.request.method"]+" "+attrs["http.route"]+" "+attrs["http.response.status_code"]] += int(point.Count)
	}
	if !maps.Equal(measured, want) {
		t.Errorf("measured %v, want %v", measured, want)
	}
}

func testInProcess(t *testing.T, s *site) {
	s.start(t)
	s.ask(t, "GET", "/gateway", nil)
	spans := s.sdk.Wait(t, 3)
	inner, client, outer := spans[0], spans[1], spans[2]
	checkSeen(t, s, []sdktrace.ReadOnlySpan{inner, outer}, map[string]int{
		"GET " + s.route("/gateway") + " 503": 1,
		"GET " + s.route("/gateway") + " 200": 1,
	})
	if inner.Parent().SpanID() != client.SpanContext().SpanID() || client.Parent().SpanID() != outer.SpanContext().SpanID() {
		t.Error("each span must be the child of the one before it: server, client, server")
	}
	if inner.Status().Code != codes.Error || outer.Status().Code == codes.Error {
		t.Errorf("statuses %v and %v", inner.Status(), outer.Status())
	}
}
