package apm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/apm"
)

// codes are short names for the panels, in the order of [apm.Panels].
var codes = strings.Fields(`inventory overview attention http outbound grpc database messaging map detail
	db-rate db-traces queries n+1 pool p95 go kafka traces breakdowns logs joined issues checks noise team`)

// TestContract compares the verdicts of package apm with verdicts that were written by hand, from
// the description of the platform and not from the code. The recordings and the verdicts are in
// testdata/contract. The README in that folder describes their form. If a rule changes, this test
// shows which verdicts change.
func TestContract(t *testing.T) {
	if got, want := len(codes), len(apm.Panels()); got != want {
		t.Fatalf("%d short names for %d panels", got, want)
	}
	files, err := filepath.Glob("testdata/contract/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range parseContracts(t, string(text)) {
			for _, e := range c.expectations {
				t.Run(filepath.Base(file)+"/"+c.name+"/"+e.under, func(t *testing.T) { e.check(t, c.report(t, e)) })
			}
		}
	}
}

// An expectation contains the verdicts for one recording and one way to export it.
type expectation struct {
	under    string               // "raw", or "setup" if setup completes the spans
	service  string               // the service that is judged
	states   map[string]apm.State // by the short name of the panel
	texts    map[string][]string  // texts that the verdict must contain, by the short name of the panel
	findings []string             // a kind of finding and a part of its place
}

func (e *expectation) check(t *testing.T, r apm.Report) {
	t.Helper()
	for i, v := range r.Panels {
		code := codes[i]
		want, stated := e.states[code]
		if !stated {
			t.Errorf("%s: no verdict is stated", code)
			continue
		}
		text := verdictText(v)
		if v.State != want {
			t.Errorf("%s (%s): got %s, want %s: %s", code, v.Panel, v.State, want, text)
			continue
		}
		for _, part := range e.texts[code] {
			if !strings.Contains(text, part) {
				t.Errorf("%s: got %q, want it to contain %q", code, text, part)
			}
		}
		if v.State != apm.NotUsed && v.Evidence == "" || v.State == apm.Dark && len(v.Cures) == 0 {
			t.Errorf("%s has no evidence, or no cure: %+v", code, v)
		}
	}
	e.checkFindings(t, r.Findings)
}

func (e *expectation) checkFindings(t *testing.T, findings []apm.Finding) {
	t.Helper()
	var got []string
	for _, f := range findings {
		got = append(got, f.Kind+": "+f.Place)
	}
	for _, text := range got {
		if !slices.ContainsFunc(e.findings, func(want string) bool { return strings.HasPrefix(text, want) }) {
			t.Errorf("found %q, want %q", text, e.findings)
		}
	}
	for _, want := range e.findings {
		if !slices.ContainsFunc(got, func(text string) bool { return strings.HasPrefix(text, want) }) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

// verdictText returns everything that a reader of a verdict sees.
func verdictText(v apm.Verdict) string {
	text := v.Evidence
	if len(v.Libraries) > 0 {
		text += "; spans of " + strings.Join(v.Libraries, ", ")
	}
	for _, cure := range v.Cures {
		text += "; cure: " + cure
	}
	return text
}

// report judges the recording, and returns the report on the service of e.
func (c *contract) report(t *testing.T, e *expectation) apm.Report {
	t.Helper()
	reports := judge(c.requests(t, e.under == "setup")...)
	for _, r := range reports {
		if r.Service == e.service {
			return r
		}
	}
	t.Fatalf("no report on %q: %s", e.service, fmt.Sprint(reports))
	return apm.Report{}
}
