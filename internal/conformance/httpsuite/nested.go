package httpsuite

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// batch serves several requests in the process, made in every way that handlers do.
func (s *site) batch(w http.ResponseWriter, r *http.Request) {
	ctx := s.router.Fresh(r.Context())
	users, fails := s.around.path+"/users/1", s.around.path+"/fails"
	made := httptest.NewRequestWithContext(ctx, http.MethodGet, users, nil)
	fresh := made.Clone(ctx)
	fresh.RequestURI = ""
	lent := fresh.Clone(ctx)
	lent.Header = r.Header
	failing := httptest.NewRequestWithContext(ctx, http.MethodGet, fails, nil)
	cloned := r.Clone(ctx)
	cloned.Method, cloned.URL, cloned.RequestURI, cloned.Body = http.MethodGet, made.URL, users, http.NoBody
	unheard := httptest.NewRequestWithContext(ctx, http.MethodGet, s.around.path+"/internal/isAlive", nil)
	for _, sub := range []*http.Request{made, fresh, lent, failing, cloned, unheard} {
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, sub)
		io.Copy(w, answer.Body)
	}
}

func (s site) testBatch(t *testing.T) {
	s.start(t)
	s.ask(t, "POST", "/batch", strings.NewReader("[]"), "Traceparent", traceparent)
	outer := s.checkBatch(t)
	if got := outer.Parent().SpanID().String(); got != parentID {
		t.Errorf("parent of the batch is %s", got)
	}
}

func (s site) testPublicBatch(t *testing.T) {
	s.start(t, httptrace.WithPublicEndpoint())
	s.ask(t, "POST", "/batch", strings.NewReader("[]"), "Traceparent", traceparent)
	outer := s.checkBatch(t)
	if outer.Parent().IsValid() {
		t.Errorf("parent of the batch is %v", outer.Parent())
	}
}

// checkBatch tests what was seen of a batch and of the requests in it, and returns
// the span of the batch.
func (s *site) checkBatch(t *testing.T) sdktrace.ReadOnlySpan {
	t.Helper()
	spans := s.sdk.Wait(t, 6)
	outer := spans[len(spans)-1]
	batch, user, fails := "POST "+s.route("/batch"), "GET "+s.route("/users/{id}"), "GET "+s.route("/fails")
	s.checkSeen(t, spans, map[string]int{batch + " 200": 1, user + " 200": 4, fails + " 503": 1})
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

// checkSeen tests that spans, and the measurements of the server, are those of want:
// how many have a name and a status. Measurements have the method and the route.
func (s *site) checkSeen(t *testing.T, spans []sdktrace.ReadOnlySpan, want map[string]int) {
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

// gateway asks itself once more through a client that serves requests in the process.
// As a reverse proxy does, it copies the request.
func (s *site) gateway(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Inner") != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	out := r.Clone(r.Context())
	out.Header.Set("Inner", "yes")
	out.URL.Scheme, out.URL.Host, out.URL.Path = "http", r.Host, s.around.path+"/gateway"
	res, err := httptrace.Transport(inProcess{s}, s.options...).RoundTrip(out)
	if err != nil {
		return
	}
	defer res.Body.Close()
	w.Header().Set("Inner-Status", strconv.Itoa(res.StatusCode))
	io.Copy(w, res.Body)
}

// inProcess sends requests to the site without a connection.
type inProcess struct{ *site }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, r.WithContext(p.router.Fresh(r.Context())))
	return answer.Result(), nil
}

func (s site) testInProcess(t *testing.T) {
	s.start(t)
	s.ask(t, "GET", "/gateway", nil)
	spans := s.sdk.Wait(t, 3)
	inner, client, outer := spans[0], spans[1], spans[2]
	s.checkSeen(t, []sdktrace.ReadOnlySpan{inner, outer}, map[string]int{
		"GET " + s.route("/gateway") + " 503": 1,
		"GET " + s.route("/gateway") + " 200": 1,
	})
	if inner.Parent().SpanID() != client.SpanContext().SpanID() || client.Parent().SpanID() != outer.SpanContext().SpanID() {
		t.Error("the spans are not below each other")
	}
	if inner.Status().Code != codes.Error || outer.Status().Code == codes.Error {
		t.Errorf("statuses %v and %v", inner.Status(), outer.Status())
	}
}
