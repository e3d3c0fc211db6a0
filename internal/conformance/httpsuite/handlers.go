package httpsuite

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance"
)

// Routes returns the routes of the suite whose handlers need nothing from the suite.
func Routes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/users/{id}", Handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }},
		{Method: "GET", Pattern: "/teams/{team}/users/{id}", Handler: http.NotFound},
		{Method: "GET", Pattern: "/panics/{id}", Handler: func(http.ResponseWriter, *http.Request) { conformance.PanicOnPurpose() }},
		{Method: "GET", Pattern: "/panics-late", Handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			flush(w) // otherwise some routers send no header before the panic
			conformance.PanicOnPurpose()
		}},
		{Method: "GET", Pattern: "/aborts", Handler: func(http.ResponseWriter, *http.Request) { abort() }},
		{Method: "GET", Pattern: "/fails", Fails: true},
		{Method: "DELETE", Pattern: "/users/{id}", Handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		{Method: "GET", Pattern: "/hijacked", Handler: upgrade},
		{Method: "POST", Pattern: "/unread", Handler: func(http.ResponseWriter, *http.Request) {}},
		{Method: "POST", Pattern: "/echo", Handler: echo},
		{Method: "GET", Pattern: "/file", Handler: copyFile},
		{Method: "GET", Pattern: "/context", Handler: writeContext},
		{Method: "GET", Pattern: "/graphql", Handler: func(_ http.ResponseWriter, r *http.Request) { httptrace.SetRoute(r, "/graphql/{operation}") }},
		{Method: "HEAD", Pattern: "/head", Handler: func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 4096)) }},
		{Method: "GET", Pattern: "/events", Handler: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "data: 1\n\n")
			flush(w)
			<-r.Context().Done()
		}},
	}
}

func (s *site) routes() []Route {
	return append(Routes(),
		Route{Method: "GET", Pattern: "/internal/isAlive", Handler: s.spans},
		Route{Method: "POST", Pattern: "/batch", Handler: s.batch},
		Route{Method: "GET", Pattern: "/canceled", Handler: s.canceled},
		Route{Method: "GET", Pattern: "/left", Handler: s.left},
		Route{Method: "GET", Pattern: "/left-in-silence", Handler: s.leftInSilence},
		Route{Method: "GET", Pattern: "/gateway", Handler: s.gateway},
	)
}

func flush(w http.ResponseWriter) {
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(err) //nolint:forbidigo // the panic fails the test
	}
}

func abort() { panic(http.ErrAbortHandler) } //nolint:forbidigo // the panic is part of the test

func upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Write(body)
}

const fileSize = 100_000

func copyFile(w http.ResponseWriter, _ *http.Request) {
	f, err := os.CreateTemp("", "spor")
	if err != nil {
		return
	}
	defer f.Close()
	defer os.Remove(f.Name())
	f.Write(make([]byte, fileSize))
	f.Seek(0, io.SeekStart)
	io.Copy(w, f)
}

// The method spans is a handler that starts two spans, as a readiness check that queries a
// database would do.
func (s *site) spans(_ http.ResponseWriter, r *http.Request) {
	tracer := s.sdk.TracerProvider.Tracer("test")
	ctx, outer := tracer.Start(r.Context(), "outer")
	_, inner := tracer.Start(ctx, "inner")
	inner.End()
	outer.End()
}

func writeContext(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s%s", trace.SpanContextFromContext(r.Context()).TraceID(), baggage.FromContext(r.Context()))
}

// batch is a handler that serves several other requests in the same process. It creates these
// requests in all the ways that are usual in handlers.
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
	healthCheck := httptest.NewRequestWithContext(ctx, http.MethodGet, s.around.path+"/internal/isAlive", nil)
	for _, sub := range []*http.Request{made, fresh, lent, failing, cloned, healthCheck} {
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, sub)
		io.Copy(w, answer.Body)
	}
}

// gateway is a handler that sends a copy of its request, like a reverse proxy. It sends the copy
// to itself, with a client that calls the handler in the same process. It answers the copy with
// the status 503.
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

type inProcess struct{ *site }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, r.WithContext(p.router.Fresh(r.Context())))
	return answer.Result(), nil
}

// canceled is a handler that fails because its context is canceled. The client stays connected.
func (s *site) canceled(w http.ResponseWriter, r *http.Request) {
	s.cancel()
	<-r.Context().Done()
	http.Error(w, "query: context canceled", http.StatusInternalServerError)
}

type unwrapper interface{ Unwrap() http.ResponseWriter }

// left is a handler that fails because the client disconnects.
func (s *site) left(w http.ResponseWriter, r *http.Request) {
	s.leftInSilence(w, r)
	http.Error(w, "query: context canceled", http.StatusInternalServerError)
}

// leftInSilence is a handler that sends no response because the client disconnects. It waits until
// net/http reports this with CloseNotify. Before this report, net/http cancels the context.
func (s *site) leftInSilence(w http.ResponseWriter, r *http.Request) {
	server := w // the writer of net/http
	for wrapper, ok := w.(unwrapper); ok; wrapper, ok = server.(unwrapper) {
		server = wrapper.Unwrap()
	}
	notice := server.(interface{ CloseNotify() <-chan bool }).CloseNotify()
	s.cancel()
	for <-r.Context().Done(); len(notice) == 0; {
		runtime.Gosched()
	}
}
