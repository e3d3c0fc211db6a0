package compare_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/nais/spor/internal/compare"
)

func TestBudget(t *testing.T) {
	p := profileOf(append(requests(4, queries(1, 3, stable)), shifted(failing(1, 4))...)...)
	for name, tt := range map[string]struct{ limits, want string }{
		"met":              {`{"median": "10ms", "p95": "10.0ms", "queries": 3, "errors": 1}`, ""},
		"large numbers":    {`{"queries": 1000000}`, ""},
		"median":           {`{"median": "9ms"}`, "budget shop server GET /orders"},
		"p95":              {`{"p95": "9.99ms"}`, "budget shop server GET /orders"},
		"queries":          {`{"queries": 2}`, "budget shop server GET /orders"},
		"errors":           {`{"errors": 0}`, "budget shop server GET /orders"},
		"one of two":       {`{"errors": 0, "queries": 3}`, "budget shop server GET /orders"},
		"two":              {`{"errors": 0, "queries": 0}`, "budget shop server GET /orders\nbudget shop server GET /orders"},
		"no query allowed": {`{"queries": 0}`, "budget shop server GET /orders"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := compare.ParseBudget([]byte(`{"GET /orders": ` + tt.limits + `}`))
			if err != nil {
				t.Fatal(err)
			}
			changes := b.Check(p)
			if got := brief(changes); got != tt.want || compare.Worse(changes) != (tt.want != "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBudgetOfOperations(t *testing.T) {
	stock := changed(shifted(requests(1, nil)), func(_ int, s *span) { s.Service = "stock" })
	b, err := compare.ParseBudget([]byte(`{"SELECT items": {"p95": "0.5ms", "queries": 3}, "GET /orders": {"p95": "1ms"}, "GET /order": {"errors": 0}}`))
	if err != nil {
		t.Fatal(err)
	}
	changes := b.Check(profileOf(append(requests(1, queries(1, 1, stable)), stock...)...))
	const want = `budget   GET /order
budget   SELECT items
budget shop server GET /orders
budget shop client SELECT items
budget stock server GET /orders`
	if got := brief(changes); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(changes) > 0 && (changes[0].After != nil || changes[0].Limit != "errors 0") {
		t.Errorf("got %+v", changes[0])
	}
}

func TestParseBudgetErrors(t *testing.T) {
	const names = "median, p95, queries or errors"
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":         {"", `line 1: the file ends too early (want JSON such as {"GET /quotes": {"p95": "50ms"}})`},
		"empty":           {"{}", `line 1: empty (want an operation, for example "GET /quotes": {"p95": "50ms"})`},
		"a list":          {"\n[]", `line 2: not an object (want { and an operation, for example "GET /quotes": {"p95": "50ms"})`},
		"a number":        {`{"GET /": 50}`, `line 1: "GET /": not an object (want { and a limit: ` + names + `)`},
		"no limit":        {"{\n\"GET /\": {\n}\n}", `line 3: "GET /": empty (want a limit: ` + names + `)`},
		"unknown":         {"{\n\"GET /\":\n{\"p99\": \"1s\"}}", `line 3: "GET /": "p99": unknown limit (want ` + names + `)`},
		"no unit":         {`{"GET /": {"p95": "50"}}`, `line 1: "GET /": "p95": "50" is not a duration (want a text such as "50ms")`},
		"a time in ms":    {`{"GET /": {"p95": 50}}`, `line 1: "GET /": "p95": "50" is not a duration (want a text such as "50ms")`},
		"zero without s":  {`{"GET /": {"median": 0}}`, `line 1: "GET /": "median": "0" is not a duration (want a text such as "50ms")`},
		"negative time":   {`{"GET /": {"median": "-1s"}}`, `line 1: "GET /": "median": "-1s" is not a duration (want a text such as "50ms")`},
		"quoted number":   {`{"GET /": {"queries": "3"}}`, `line 1: "GET /": "queries": "3" is not a number (want a whole number such as 0, without quotes)`},
		"fraction":        {`{"GET /": {"queries": 1.5}}`, `line 1: "GET /": "queries": "1.5" is not a number (want a whole number such as 0, without quotes)`},
		"negative number": {`{"GET /": {"errors": -1}}`, `line 1: "GET /": "errors": "-1" is not a number (want a whole number such as 0, without quotes)`},
		"null":            {`{"GET /": {"errors": null}}`, `line 1: "GET /": "errors": "<nil>" is not a number (want a whole number such as 0, without quotes)`},
		"an object":       {`{"GET /": {"errors": {}}}`, `line 1: "GET /": "errors": "{" is not a number (want a whole number such as 0, without quotes)`},
		"twice":           {"{\"GET /\": {\"errors\": 0},\n\"GET /\": {\"errors\": 0}}", `line 2: "GET /": occurs twice (remove one of them)`},
		"limit twice":     {`{"GET /": {"errors": 0, "errors": 0}}`, `line 1: "GET /": "errors": occurs twice (remove one of them)`},
		"cut":             {"{\"GET /\": {\"errors\": 0}\n", `line 1: the file ends too early (want JSON such as {"GET /quotes": {"p95": "50ms"}})`},
		"two objects":     {"{\"GET /\": {\"errors\": 0}}\n{}", `line 2: text after the end of the object (want one object)`},
		"comma":           {"{\"GET /\": {\"errors\": 0,}}", `line 1: "GET /": invalid character '}' looking for beginning of object key string (want JSON such as {"GET /quotes": {"p95": "50ms"}})`},
		"comma below":     {"{\"GET /\": {\"errors\": 0,\n\n}}", `line 3: "GET /": invalid character '}' looking for beginning of object key string (want JSON such as {"GET /quotes": {"p95": "50ms"}})`},
		"not JSON":        {"GET /: 50ms", `line 1: invalid character 'G' looking for beginning of value (want JSON such as {"GET /quotes": {"p95": "50ms"}})`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compare.ParseBudget([]byte(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// FuzzParseBudget checks that an error names its line. It also checks that a budget without an
// error has the limits that encoding/json finds in the text.
func FuzzParseBudget(f *testing.F) {
	f.Add([]byte(`{"GET /quotes/{id}": {"p95": "50ms", "queries": 3, "errors": 0}}`))
	f.Add([]byte("{\n\"a\": {\"median\": \"1s\"},\n\"b\": {\"errors\": 1.5}}"))
	f.Add([]byte(`{"a": {"p95": "50"}} {}`))
	f.Add([]byte(`{"a": [}`))
	line := regexp.MustCompile(`^line (\d+): `)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := compare.ParseBudget(data)
		if err != nil {
			n := 0
			if place := line.FindStringSubmatch(err.Error()); place == nil {
				t.Errorf("no line: %v", err)
			} else if fmt.Sscan(place[1], &n); n < 1 || n > 1+strings.Count(string(data), "\n") {
				t.Errorf("no such line: %v", err)
			}
			return
		}
		var plain map[string]map[string]any
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		limits := 0
		for _, of := range plain {
			limits += len(of)
		}
		if got := len(b.Check(&compare.Profile{})); got != limits {
			t.Errorf("%d limits, want %d", got, limits)
		}
	})
}
