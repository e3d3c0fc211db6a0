//go:build unix

package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	main "github.com/nais/spor/cmd/spor"
	"github.com/nais/spor/internal/compare"
)

// recordOrders runs a program that makes the given number of queries per request. It returns the
// name of the recording.
func recordOrders(t *testing.T, queries string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.jsonl")
	if got := finish(t, spor(t, append(running("orders", "--name", "shop", "--record", file), queries)...)); got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	return file
}

func budgetFile(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "budget.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDiff(t *testing.T) {
	one, again, loop, none := recordOrders(t, "1"), recordOrders(t, "1"), recordOrders(t, "9"), recordOrders(t, "0")
	const found = `queries   shop: GET /orders (server)
          SELECT items: 1 -> 9 per request (6 statements in 6 requests -> 54 statements in 6 requests)
          SELECT * FROM items WHERE order_id = $1
`
	met := budgetFile(t, `{"GET /orders": {"p95": "1h", "median": "1h", "queries": 1, "errors": 0}}`)
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stdout string
	}{
		"same program":     {[]string{one, again}, 0, "0 worse, 0 new or gone\n"},
		"same file":        {[]string{one, one}, 0, "0 worse, 0 new or gone\n"},
		"loop of queries":  {[]string{one, loop}, 1, found + "\n1 worse, 0 new or gone\n"},
		"loop is gone":     {[]string{loop, one}, 0, "0 worse, 0 new or gone\n"},
		"budget is met":    {[]string{"--budget", met, one}, 0, "0 worse, 0 new or gone\n"},
		"both are met":     {[]string{"--budget", met, one, again}, 0, "0 worse, 0 new or gone\n"},
		"budget of B":      {[]string{"--budget", met, loop, one}, 0, "0 worse, 0 new or gone\n"},
		"budget, exceeded": {[]string{"--budget", met, loop}, 1, "budget    shop: GET /orders (server)\n          limit queries 1: 9 in one request\n\n1 worse, 0 new or gone\n"},
		"budget and loop":  {[]string{"--budget", met, one, loop}, 1, "budget    shop: GET /orders (server)\n          limit queries 1: 9 in one request\n" + found + "\n2 worse, 0 new or gone\n"},
		"unknown name": {
			[]string{"--budget", budgetFile(t, `{"GET /order": {"errors": 0}}`), one},
			1, "budget    GET /order\n          limit errors 0: the recording has no span with this name (correct the name, or make the test run the operation)\n\n1 worse, 0 new or gone\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, append([]string{"diff"}, tt.args...)...))
			if got.code != tt.code || got.stdout != tt.stdout || got.stderr != "" {
				t.Errorf("exit code %d, want %d, got\n%s%s\nwant\n%s", got.code, tt.code, got.stdout, got.stderr, tt.stdout)
			}
		})
	}
	got := finish(t, spor(t, "diff", one, none))
	if got.code != 0 || !strings.HasPrefix(got.stdout, "gone      shop: SELECT items (client)\n          6 spans, median ") || !strings.HasSuffix(got.stdout, "\n\n0 worse, 1 new or gone\n") {
		t.Errorf("exit code %d, got\n%s", got.code, got.stdout)
	}
}

func TestDiffJSON(t *testing.T) {
	one, loop := recordOrders(t, "1"), recordOrders(t, "9")
	type result struct {
		Worse   bool
		Changes []compare.Change
	}
	parse := func(args ...string) (r result) {
		t.Helper()
		got := finish(t, spor(t, append([]string{"diff", "--format", "json"}, args...)...))
		if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || (got.code == 1) != r.Worse {
			t.Fatalf("%v: exit code %d: %s", err, got.code, got.stdout)
		}
		return r
	}
	if r := parse(one, one); r.Worse || r.Changes == nil || len(r.Changes) != 0 {
		t.Errorf("got %+v, want an empty list", r)
	}
	r := parse(one, loop)
	if len(r.Changes) != 1 {
		t.Fatalf("got %+v", r)
	}
	if c := r.Changes[0]; c.Type != compare.Queries || c.Service != "shop" || c.Name != "GET /orders" || c.Kind != "server" || c.Statement != "SELECT items" || c.After.Queries != 54 {
		t.Errorf("got %+v", c)
	}
}

func TestDiffTexts(t *testing.T) {
	before, after := &compare.Figures{Spans: 12, Failed: 0, Median: 1_234_567, P95: 2_000_000_500}, &compare.Figures{Spans: 1, Failed: 1, Median: 61e9, P95: 999}
	for _, tt := range []struct{ kind, limit, want string }{
		{"slower", "", "median 1.23ms -> 1m1s, p95 2s -> 999ns (12 spans -> 1 span)"},
		{"errors", "", "0 of 12 spans failed -> 1 of 1 span failed"},
		{"new", "", "1 span, median 1m1s, p95 999ns, 1 failed"},
		{"gone", "", "12 spans, median 1.23ms, p95 2s"},
		{"budget", "median 5ms", "limit median 5ms: 1m1s (1 span)"},
		{"budget", "p95 5ms", "limit p95 5ms: 999ns (1 span)"},
		{"budget", "errors 0", "limit errors 0: 1 of 1 span failed"},
	} {
		got := strings.Join(main.DetailsOf(compare.Change{Type: compare.Type(tt.kind), Limit: tt.limit, Before: before, After: after}), "\n")
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.kind, got, tt.want)
		}
	}
}

func TestDiffUsage(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad, good := budgetFile(t, "{\n\"GET /\": {\"p95\": 50}}"), budgetFile(t, `{"GET /": {"errors": 0}}`)
	none := filepath.Join(dir, "none")
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stderr string // the expected beginning of stderr
	}{
		"nothing":         {nil, 2, "spor diff: no recordings (want: spor diff A B; spor run --record A writes one)\n"},
		"one":             {[]string{"a"}, 2, "spor diff: only one recording (want: spor diff a B, or spor diff --budget FILE a)\n"},
		"three":           {[]string{"a", "b", "c"}, 2, "spor diff: 3 recordings (want: spor diff A B)\n"},
		"budget alone":    {[]string{"--budget", good}, 2, "spor diff: no recordings"},
		"format":          {[]string{"--format", "xml", "a", "b"}, 2, `spor diff: invalid argument "xml" for "--format" flag: want text or json`},
		"no file":         {[]string{none, empty}, 125, "spor diff: open " + none + ": "},
		"no budget":       {[]string{"--budget", none, empty}, 125, "spor diff: open " + none + ": "},
		"bad budget":      {[]string{"--budget", bad, empty}, 125, "spor diff: " + bad + `: line 2: "GET /": "p95": "50" is not a duration (want a text such as "50ms")` + "\n"},
		"not a recording": {[]string{bad, empty}, 125, "spor diff: " + bad + ": recording: line 1, column 1: unexpected end of JSON input\n"},
		"empty":           {[]string{empty, empty}, 1, "spor diff: " + empty + ": no spans (does the program start telemetry?)\n"},
		"empty, budget":   {[]string{"--budget", good, empty}, 1, "spor diff: " + empty + ": no spans"},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, append([]string{"diff"}, tt.args...)...))
			if got.code != tt.code || !strings.HasPrefix(got.stderr, tt.stderr) || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d, %q", got.code, got.stdout, got.stderr, tt.code, tt.stderr)
			}
		})
	}
}
