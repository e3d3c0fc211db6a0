//go:build integration

package integration

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestProgramsDoNotNoticeTracing runs every program on every database, with and without
// tracing. It checks that the results are the same. It also compares the spans with the golden
// files in testdata/sql.
func TestProgramsDoNotNoticeTracing(t *testing.T) {
	for _, makeDatabase := range databases {
		d := makeDatabase(t)
		t.Run(d.name, func(t *testing.T) {
			table := newTable()
			for _, p := range sqlPrograms {
				if p.on != nil && !p.on(d) {
					continue
				}
				t.Run(p.name, func(t *testing.T) { table.add(p.name, runBoth(t, d, p)) })
			}
			golden(t, d.golden, table.text())
		})
	}
}

// runBoth runs a program without tracing and then with tracing. It compares the results, and
// returns the spans.
func runBoth(t *testing.T, d database, p sqlProgram) []sdktrace.ReadOnlySpan {
	t.Helper()
	plain := &session{database: d, t: t, db: d.plain(t)}
	d.fill(t, plain.db)
	p.run(t.Context(), plain)
	if p.failing && d.driver != "sqlite" && !tellsSecret.MatchString(strings.Join(plain.transcript, "\n")) {
		t.Errorf("no error of a server contains a secret, so the test shows nothing:\n%s", strings.Join(plain.transcript, "\n"))
	}

	d.fill(t, plain.db)
	sdk := watched(t, d)
	traced := &session{database: d, t: t, db: d.traced(t, sqlOptions(sdk)...)}
	executed := countStatements(t, d)
	p.run(t.Context(), traced)
	if !slices.Equal(traced.transcript, plain.transcript) {
		t.Errorf("traced\n%s\nplain\n%s", strings.Join(traced.transcript, "\n"), strings.Join(plain.transcript, "\n"))
	}

	oteltest.Eventually(t, func() bool { return traced.db.Stats().InUse == 0 })
	spans := sdk.Ended()
	if sdk.Started() != len(spans) {
		t.Errorf("%d spans started, %d ended", sdk.Started(), len(spans))
	}
	spans = slices.DeleteFunc(spans, isSlow)
	calls, want := 0, executed()
	if p.failing {
		want = traced.statements
	}
	for _, span := range spans {
		if span.SpanKind() == trace.SpanKindClient && oteltest.Map(span.Attributes())["db.system.name"] != "" {
			calls++
		}
	}
	if calls == 0 || want >= 0 && (calls != want || len(spans) != want) {
		t.Errorf("%d spans, %d of them are calls of the database, want %d calls", len(spans), calls, want)
	}
	var measured uint64
	for _, point := range sdk.Seconds(t, "db.client.operation.duration") {
		measured += point.Count
	}
	if measured != uint64(calls) {
		t.Errorf("%d calls were measured, want %d", measured, calls)
	}
	return spans
}

// isSlow reports whether s is the span of a successful operation such as COMMIT. A successful
// COMMIT makes a span only if it takes long, which can happen on a busy machine.
func isSlow(s sdktrace.ReadOnlySpan) bool {
	return s.Status().Code == codes.Unset && slices.Contains([]string{"connect", "BEGIN", "COMMIT", "ROLLBACK"}, s.Name())
}

var (
	// tellsSecret matches the text of a server error that contains a secret.
	tellsSecret = regexp.MustCompile(`Error\(.*` + secret)

	executed = regexp.MustCompile(`(?m)^.*\] spor_shop_test LOG:  (?:statement|execute [^:]*): (.*)$`)
	noQuery  = regexp.MustCompile(`(?i)^(begin|start|commit|rollback|savepoint|release|deallocate|set application_name|-- ping|;)`)
)

// countStatements starts to count the statements that PostgreSQL executes for the test. The
// result is a function that returns the number of statements so far, or -1 if the number is not
// known.
func countStatements(t *testing.T, d database) func() int {
	t.Helper()
	log := os.Getenv("SPOR_POSTGRES_LOG")
	if !d.isPostgres() || log == "" {
		return func() int { return -1 }
	}
	read := func() []byte {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := len(read())
	return func() (n int) {
		for _, match := range executed.FindAllSubmatch(read()[before:], -1) {
			if !noQuery.Match(match[1]) {
				n++
			}
		}
		return n
	}
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", "sql", name+".txt")
	if *update {
		if err := cmp.Or(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(text, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			t.Fatalf("%s:%d: got\n%s\nwant\n%s", file, i+1, strings.Join(got[max(0, i-3):min(i+10, len(got))], "\n"), strings.Join(lines[max(0, i-3):min(i+10, len(lines))], "\n"))
		}
	}
}
