package httpsuite

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// RunMounted checks the routes of a mux that is mounted in a router with [http.StripPrefix]. The
// parameter mount returns a traced router that passes all requests below prefix to mounted.
func RunMounted(t *testing.T, mount func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /files/", func(http.ResponseWriter, *http.Request) {})
	for _, prefix := range []string{"/api", "/a/b"} {
		for path, route := range map[string]string{
			"/users/1":   prefix + "/users/{id}",
			"/files/a/b": prefix + "/files/",
			"/nowhere":   "",
		} {
			sdk := oteltest.New(t)
			opts := []httptrace.Option{httptrace.WithTracerProvider(sdk.TracerProvider)}
			router := mount(prefix, http.StripPrefix(prefix, httptrace.Handler(mux, opts...)), opts...)
			router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", prefix+path, nil))
			want := "GET"
			if route != "" {
				want += " " + route
			}
			if got := sdk.Only(t).Name(); got != want {
				t.Errorf("%s%s: the span has the name %q, want %q", prefix, path, got, want)
			}
		}
	}
}
