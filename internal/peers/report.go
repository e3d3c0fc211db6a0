package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/nais/spor/internal/peers/corpus"
)

// A row is a line of the table: one package of a suite in one variant.
type row struct {
	suite, version, pkg, variant string
	// without and with count the top-level tests that passed and failed.
	without, with tally
	spans         int
	took          time.Duration
	// expected are the differences that have a line in differences.txt, wrong are those that
	// have none, and unsteady those that went away when the test was repeated.
	expected, wrong, unsteady []difference
	reasons                   map[string]string
}

// A tally counts outcomes of top-level tests. subtests counts the subtests that were not
// skipped.
type tally struct{ passed, failed, skipped, subtests int }

func (s *suite) count(r *result) tally {
	var t tally
	for name, o := range r.tests {
		switch {
		case !s.counts(name):
			if o != skipped {
				t.subtests++
			}
		case o == passed:
			t.passed++
		case o == skipped:
			t.skipped++
		default:
			t.failed++
		}
	}
	return t
}

// ran is the number of tests that were not skipped.
func (t tally) ran() int { return t.passed + t.failed }

func (t tally) String() string {
	text := strconv.Itoa(t.passed)
	if t.failed > 0 {
		text += fmt.Sprintf(", %d fail", t.failed)
	}
	return text
}

func printTable(w io.Writer, rows []*row) {
	fmt.Fprintf(w, "%-16s %-10s %-22s %-14s %14s %14s %9s %6s\n", "suite", "version", "package", "variant", "without", "with", "spans", "diff")
	for _, r := range rows {
		fmt.Fprintf(w, "%-16s %-10s %-22s %-14s %14s %14s %9d %6d  %s\n", r.suite, r.version, r.pkg, r.variant, r.without, r.with,
			r.spans, len(r.expected)+len(r.wrong), r.took.Round(time.Second))
		for _, d := range r.unsteady {
			fmt.Fprintf(w, "    unsteady: %s (%s without, %s with; the same when repeated)\n", d.test, d.without, d.with)
		}
	}
}

func printCorpora(w io.Writer, results []corpus.Result) {
	for i := range results {
		r := &results[i]
		fmt.Fprintf(w, "corpus %-12s %-28s %7d statements %7d literals %4d leaks, operation %s, tables %s, db.collection.name %s\n", r.Corpus, r.Version,
			r.Statements, r.Literals, len(r.Leaks()), percent(r.Operations), percent(r.Tables), percent(r.Collections))
	}
}
