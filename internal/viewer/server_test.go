package viewer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/viewer"
	"github.com/nais/spor/internal/viewer/spantest"
)

func serve(t *testing.T, store *viewer.Store) *viewer.Server {
	t.Helper()
	s, err := viewer.Listen(store, viewer.Config{Addr: "127.0.0.1:0", Title: "test", Live: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func request(t *testing.T, method, url string, body io.Reader, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	status, body, _ := request(t, "GET", url, nil, nil)
	if err := json.Unmarshal([]byte(body), into); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %v in %s", url, status, err, body)
	}
}

func TestListenOnLoopbackAlone(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense:x", "127.0.0.1"} {
		if s, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{Addr: addr}); err == nil {
			s.Close()
			t.Errorf("%s: no error", addr)
		}
	}
	for _, addr := range []string{":0", "localhost:0", "127.0.0.2:0", "0"} {
		s, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{Addr: addr})
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		s.Close()
	}
}

func TestListenSaysThatAddressIsTaken(t *testing.T) {
	s := serve(t, viewer.NewStore(viewer.Options{}))
	addr := strings.Split(s.URL(), "/")[2]
	if _, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{Addr: addr}); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want an error that names %s", err, addr)
	}
}

func TestListenElsewhereWhereTheDefaultIsTaken(t *testing.T) {
	hold, err := net.Listen("tcp", viewer.DefaultAddr)
	if err == nil {
		defer hold.Close()
	} // if there is an error, another program listens on the address
	s, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if strings.Contains(s.URL(), viewer.DefaultAddr) {
		t.Errorf("got %s, want another port", s.URL())
	}
}

// TestServerHasAKeyOfItsOwn checks that each server has a new key. After a server has ended, a
// page that is still open sends the old key to the next program that listens on the port.
func TestServerHasAKeyOfItsOwn(t *testing.T) {
	first := serve(t, viewer.NewStore(viewer.Options{}))
	stale := first.URL()
	if code, _, _ := request(t, "GET", stale+"api/traces", nil, nil); code != http.StatusOK {
		t.Errorf("with its own key: got %d, want 200", code)
	}
	first.Close()
	addr := strings.Split(stale, "/")[2]
	next, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if first.Key() == next.Key() || len(next.Key()) < 26 {
		t.Fatalf("got the keys %q and %q, want two random ones", first.Key(), next.Key())
	}
	for _, path := range []string{"", "api/logs", "api/traces"} {
		if code, _, _ := request(t, "GET", stale+path, nil, nil); code != http.StatusNotFound {
			t.Errorf("%q with the key of the previous server: got %d, want 404", path, code)
		}
	}
}

func TestServerLetsInWhoKnows(t *testing.T) {
	s := serve(t, storeOf(quote(1)...))
	port := strings.Split(strings.Split(s.URL(), "/")[2], ":")[1]
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	root := "http://127.0.0.1:" + port + "/"
	for name, tt := range map[string]struct {
		method, url string
		change      func(*http.Request)
		want        int
	}{
		"page":              {"GET", s.URL(), nil, 200},
		"script":            {"GET", s.URL() + "main.js", nil, 200},
		"list":              {"GET", s.URL() + "api/traces", nil, 200},
		"localhost":         {"GET", s.URL(), host("localhost:" + port), 200},
		"upper case":        {"GET", s.URL(), host("LOCALHOST:" + port), 200},
		"rebound name":      {"GET", s.URL() + "api/traces", host("evil.example:" + port), 421},
		"rebound, no port":  {"GET", s.URL() + "api/traces", host("evil.example"), 421},
		"another port":      {"GET", s.URL(), host("localhost:1"), 421},
		"looks like it":     {"GET", s.URL(), host("localhost.evil.example:" + port), 421},
		"no key":            {"GET", root, nil, 404},
		"no key, api":       {"GET", root + "api/traces", nil, 404},
		"wrong key":         {"GET", root + "WRONG/api/traces", nil, 404},
		"key in part":       {"GET", root + s.Key()[:8] + "/api/traces", nil, 404},
		"key without slash": {"GET", root + s.Key(), nil, 404},
		"above the files":   {"GET", s.URL() + "../api.go", nil, 404},
		"post of elsewhere": {"POST", s.URL() + "api/open", header("Sec-Fetch-Site", "cross-site"), 403},
		"post by origin":    {"POST", s.URL() + "api/open", header("Origin", "http://evil.example"), 403},
		"post of nothing":   {"POST", s.URL() + "api/open", nil, 400},
		"other method":      {"DELETE", s.URL() + "api/traces", nil, 405},
	} {
		t.Run(name, func(t *testing.T) {
			got, body, headers := request(t, tt.method, tt.url, nil, tt.change)
			if got != tt.want {
				t.Errorf("status %d, want %d: %.200s", got, tt.want, body)
			}
			for key, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
			} {
				if headers.Get(key) != want {
					t.Errorf("%s: %q, want %q", key, headers.Get(key), want)
				}
			}
			policy := headers.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; ") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
			if tt.want != 200 && strings.Contains(body, "POST /quotes") {
				t.Error("telemetry is in the answer")
			}
		})
	}
}

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	s := serve(t, viewer.NewStore(viewer.Options{}))
	_, page, _ := request(t, "GET", s.URL(), nil, nil)
	if strings.Contains(page, "://") || strings.Contains(page, "<script>") || strings.Contains(page, "style=") || strings.Contains(page, "onclick") {
		t.Errorf("the page contains an absolute address or inline code:\n%s", page)
	}
}

func TestAPI(t *testing.T) {
	store := storeOf(quote(1)...)
	s := serve(t, store)
	id, span := spantest.TraceID(1).String(), spantest.SpanID(6).String()
	for path, want := range map[string]string{
		"api/traces?q=insert":                   `"found":1`,
		"api/traces?kind=x":                     `"error":"kind`,
		"api/facets":                            `"services":["backend","gateway","worker"]`,
		"api/map":                               `"label":"postgresql"`,
		"api/metrics":                           `"cards":[]`,
		"api/logs":                              `"found":0`,
		"api/logs?trace=x":                      `"error":"trace`,
		"api/logs?limit=x":                      `"error":"limit`,
		"api/traces/" + id:                      `"waited":20000000`,
		"api/traces/x":                          `"error":"not found`,
		"api/traces/" + id + "/spans/" + span:   `"stack":"main.process()`,
		"api/traces/" + id + "/spans/0":         `"error":"not found`,
		"api/traces/" + id + "/file":            `"resourceSpans"`,
		"api/traces/" + id[1:] + "0/file":       `"error":"not found`,
		"api/traces/" + id + "?known=something": `"rows"`,
	} {
		if _, body, _ := request(t, "GET", s.URL()+path, nil, nil); !strings.Contains(body, want) {
			t.Errorf("%s: %s is not in %.300s", path, want, body)
		}
	}
	if status, _, _ := request(t, "GET", s.URL()+"api/traces/"+id+"?known="+store.Version(spantest.TraceID(1)), nil, nil); status != http.StatusNoContent {
		t.Errorf("request for a trace that the page has already: status %d, want 204", status)
	}
}

func TestOpenAddsRecording(t *testing.T) {
	from := storeOf(quote(7)...)
	var file bytes.Buffer
	if _, err := from.Export(&file, spantest.TraceID(7)); err != nil {
		t.Fatal(err)
	}
	s := serve(t, viewer.NewStore(viewer.Options{}))
	status, body, _ := request(t, "POST", s.URL()+"api/open", &file, nil)
	if status != http.StatusOK || !strings.Contains(body, spantest.TraceID(7).String()) {
		t.Errorf("%d: %s", status, body)
	}
	if _, body, _ := request(t, "GET", s.URL()+"api/traces", nil, nil); !strings.Contains(body, `"found":1`) {
		t.Errorf("list: %s", body)
	}
}

func TestEventsTellOfChanges(t *testing.T) {
	store := viewer.NewStore(viewer.Options{})
	s := serve(t, store)
	ctx, leave := context.WithTimeout(t.Context(), 20*time.Second)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() viewer.State {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var state viewer.State
				if err := json.Unmarshal([]byte(data), &state); err != nil {
					t.Fatal(err)
				}
				return state
			}
		}
		t.Fatal("the stream ended: ", lines.Err())
		return viewer.State{}
	}
	if got := next(); got.Traces != 0 || !got.Live || got.Title != "test" {
		t.Errorf("first event: %+v", got)
	}
	store.Add(tracesOf(quote(1)...))
	if got := next(); got.Traces != 1 {
		t.Errorf("second event: %+v", got)
	}
	s.SetLive(false)
	if got := next(); got.Live {
		t.Errorf("last event: %+v", got)
	}
	if s.Open() != 1 {
		t.Errorf("%d pages open, want 1", s.Open())
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.WaitClosed(ctx)
	}()
	leave()
	<-closed
}

func TestWaitClosed(t *testing.T) {
	s := serve(t, viewer.NewStore(viewer.Options{}))
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	leave()
	timeout, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s.WaitClosed(timeout)
	if timeout.Err() != nil {
		t.Error("still waiting after the page was closed")
	}
}
