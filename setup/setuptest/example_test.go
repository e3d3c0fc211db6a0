package setuptest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup/setuptest"
)

// hello is the service under test.
func hello() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello", r.PathValue("name"))
	})
	return httptrace.Handler(mux)
}

// TestHello tests hello. A real test needs no more code than this.
func TestHello(t *testing.T) {
	rec := setuptest.Record(t)
	hello().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/hello/anna", nil))
	rec.WantTree("server GET /hello/{name}")
	rec.WantLit()
}

func Example() {
	fmt.Println(testing.RunTests(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "TestHello", F: TestHello}}))
	// Output: true
}
