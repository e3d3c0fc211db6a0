package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// pageIntro is the text above the table of docs/peers.md.
const pageIntro = `# Other projects' test suites

` + "`make peers`" + ` runs the test suites of other projects twice: without spor, and with spor inside. It compares which tests pass. This page is written by the command; do not edit it.

The sources come from the Go module cache and from GOROOT, at the versions below. A hook is added to a copy of them, and nothing of them is part of this repository. Spans that are started must end, too. A difference without a line in [differences.txt](../internal/peers/differences.txt) fails the run, and so does a line without a difference.

` + "`make peers SUITE=pgx`" + ` runs one suite, and ` + "`make peers-quick`" + ` the selection that CI runs. "Late" means that attributes are set when a span ends, as under ` + "`setup`" + `. The tests that passed are top-level tests; if a subtest fails, its test fails, too. A test that passes in neither way fails because of the machine on which this page was made, or because of the peer.
`

// writePage writes the page with the table, the differences, and the tests that are skipped.
func (c *contest) writePage(file string) error {
	var text strings.Builder
	text.WriteString(pageIntro)
	writeRows(&text, c.sorted())
	writeDifferences(&text, c.sorted())
	writeCorpora(&text, c.corpora, c.known)
	writeSkipped(&text, suites)
	return os.WriteFile(file, []byte(text.String()), 0o644)
}

func writeRows(w io.Writer, rows []*row) {
	fmt.Fprint(w, "\n| suite | version | package | spor as | tests | with subtests | passed without | passed with | differences |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %d | %d | %d | %d | %d |\n", r.suite, r.version, strings.TrimPrefix(r.pkg, "src/"), r.variant,
			r.without.ran(), r.without.ran()+r.without.subtests, r.without.passed, r.with.passed, len(r.expected)+len(r.wrong))
	}
}

// writeDifferences writes each difference once, with its reason and the variants in which it
// was seen.
func writeDifferences(w io.Writer, rows []*row) {
	type key struct{ suite, test, reason string }
	variants := map[key][]string{}
	for _, r := range rows {
		for _, d := range r.expected {
			k := key{r.suite, d.test, r.reasons[d.test]}
			variants[k] = append(variants[k], r.variant)
		}
	}
	fmt.Fprint(w, "\n## Differences\n\n| suite | test | spor as | reason |\n|---|---|---|---|\n")
	keys := slices.SortedFunc(maps.Keys(variants), func(a, b key) int {
		return strings.Compare(a.suite+"\x00"+a.test, b.suite+"\x00"+b.test)
	})
	for _, k := range keys {
		fmt.Fprintf(w, "| %s | `%s` | %s | %s |\n", k.suite, k.test, strings.Join(variants[k], ", "), k.reason)
	}
}

func writeSkipped(w io.Writer, suites []*suite) {
	fmt.Fprint(w, "\n## Tests that are skipped\n\nThese tests run neither without nor with spor.\n\n| suite | test | reason |\n|---|---|---|\n")
	for _, s := range suites {
		for _, test := range slices.Sorted(maps.Keys(s.skip)) {
			fmt.Fprintf(w, "| %s | `%s` | %s |\n", s.name, test, s.skip[test])
		}
	}
}
