package viewer_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/viewer"
)

// TestRuns has a server with three runs. One of them cannot be read.
func TestRuns(t *testing.T) {
	const span = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"NAME"}]}]}]}` + "\n"
	opened := map[string]int{}
	run := func(id, text string) viewer.Run {
		return viewer.Run{ID: id, Name: "orders", Start: time.Unix(1, 0), Open: func() (io.ReadCloser, error) {
			opened[id]++
			if text == "" {
				return nil, errors.New("gone")
			}
			return io.NopCloser(strings.NewReader(text)), nil
		}}
	}
	all := []viewer.Run{run("3", strings.ReplaceAll(span, "NAME", "third")), run("2", strings.ReplaceAll(span, "NAME", "second")+"cut"), run("1", ""), run("0", "no recording")}
	server, err := viewer.Listen(viewer.NewStore(viewer.Options{}), viewer.Config{Addr: "127.0.0.1:0", Title: "now", Runs: func() ([]viewer.Run, error) { return all, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ask := func(path string, status int, want string) {
		t.Helper()
		if got, body, _ := request(t, http.MethodGet, server.URL()+path, nil, nil); got != status || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s, want %d %s", path, got, body, status, want)
		}
	}
	ask("api/runs", 200, `"shown":""`)
	ask("api/runs", 200, `{"id":"2","name":"orders","start":"`)
	ask("api/traces", 200, `"found":0`)
	ask("run/3/api/traces", 200, `"name":"third"`)
	ask("run/3/api/runs", 200, `"shown":"3"`)
	ask("run/3/", 200, `<div id="app">`)
	ask("run/3/main.js", 200, "function App")
	ask("run/2/api/traces", 200, `"name":"second"`) // although the last line is cut
	ask("run/1/api/traces", 404, "gone")
	ask("run/0/api/traces", 404, "line 1")
	ask("run/9/api/traces", 404, "this run is no longer kept")
	ask("run/..%2f3/api/traces", 404, "no longer kept")
	ask("run/3/run/2/api/traces", 404, "")
	all = slices.Insert(all, 0, run("4", strings.ReplaceAll(span, "NAME", "fourth")))
	ask("run/4/api/traces", 200, `"name":"fourth"`)
	ask("run/2/api/traces", 200, `"name":"second"`)
	if opened["2"] != 1 || opened["3"] != 1 || opened["4"] != 1 {
		t.Errorf("opened %v, want each run once", opened)
	}
	all = slices.Insert(all, 0, run("empty", "\n"))
	ask("run/empty/api/traces", 200, `"found":0`)
	ask("run/3/api/traces", 200, `"name":"third"`)
	if opened["3"] != 2 {
		t.Errorf("opened %v: more than two runs are in memory", opened)
	}
	all = slices.Insert(all, 0, run("a:b+c;d e", strings.ReplaceAll(span, "NAME", "escaped")))
	ask("run/a%3Ab%2Bc%3Bd%20e/api/traces", 200, `"name":"escaped"`)
	ask("run/a:b+c%3Bd%20e/", 200, `<div id="app">`)
	grown := run("a:b+c;d e", strings.ReplaceAll(span, "NAME", "grown"))
	grown.Version = "2"
	all[0] = grown
	ask("run/a:b+c%3Bd%20e/api/traces", 200, `"name":"grown"`)
}
