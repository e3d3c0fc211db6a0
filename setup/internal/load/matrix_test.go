package load_test

import (
	"flag"
	"fmt"
	"math"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/hostile"
)

var page = flag.String("page", "", "page to which TestHostileCollectors writes the table")

// side is what became of the spans of one program.
type side struct {
	hostile.Counts
	dropped string // the dropped spans by reason, as package setup counts them
	lost    int    // sum of the dropped spans
	stderr  string
}

// row is a row of the matrix.
type row struct {
	mood      hostile.Mood
	spor, sdk side
}

// TestHostileCollectors runs two programs for each mood of a collector. One program uses
// package setup, and the other uses OpenTelemetry's SDK with its exporter. Each program has
// its own collector.
func TestHostileCollectors(t *testing.T) {
	rows := make([]row, len(hostile.Moods))
	turns := make(chan struct{}, matrixWidth)
	var all sync.WaitGroup
	for i, mood := range hostile.Moods {
		if slices.Contains(matrixSkips, mood.Name) {
			continue
		}
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			t.Run(mood.Name, func(t *testing.T) { // t.Parallel would run too few of them at the same time
				r := &rows[i]
				r.mood = mood
				var both sync.WaitGroup
				both.Go(func() { r.spor = meet(t, "spor", mood) })
				both.Go(func() { r.sdk = meet(t, "stock", mood) })
				both.Wait()
				r.check(t)
			})
		})
	}
	all.Wait()
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.mood.Name == "" }) // did not run
	t.Logf("%d spans\n%s", matrixSpans, table(rows))
	if *page != "" {
		writePage(t, rows)
	}
}

// meet runs a program with this pipeline and a new collector. It fails the test if the race
// detector finds a data race in the program, because the program then exits with status 66.
func meet(t *testing.T, pipeline string, mood hostile.Mood) (s side) {
	t.Helper()
	c := hostile.Listen(t, mood, matrixOutage)
	p := plan{Pipeline: pipeline, Spans: matrixSpans, From: 1, Rate: 1000, Shutdown: 20 * time.Second}
	if mood.Hopeless {
		p.Shutdown = 5 * time.Second
	}
	o, lines := begin(t, p, append(slices.Clone(matrixEnv), c.Env()...)...).end(t)
	s.Counts, s.stderr = c.Counts(), strings.Join(lines, "")
	if _, reasons, found := strings.Cut(o.Lost, "setup: "); found && pipeline == "spor" {
		fmt.Sscan(reasons, &s.lost)
		s.dropped = reasons[strings.LastIndex(reasons, ": ")+2:]
	}
	return s
}

func (r *row) check(t *testing.T) {
	t.Helper()
	if r.spor.Received < r.sdk.Received {
		t.Errorf("spor delivered %d spans, the SDK's exporter delivered %d", r.spor.Received, r.sdk.Received)
	}
	if missing := matrixSpans - r.spor.Received; missing > r.mood.Loses && !r.mood.Hopeless {
		t.Errorf("spor lost %d spans, want at most %d", missing, r.mood.Loses)
	}
	// A collector that stores spans but does not answer causes duplicates. Spans can then be
	// both received and dropped.
	if found := r.spor.Received + r.spor.lost; found < matrixSpans || found > matrixSpans && !r.mood.Silent {
		t.Errorf("received %d + dropped %d = %d of %d", r.spor.Received, r.spor.lost, found, matrixSpans)
	}
	if r.spor.Duplicates > 0 && !r.mood.Silent {
		t.Errorf("got %d duplicates of spor, want none", r.spor.Duplicates)
	}
	if most := r.mostRequests(); r.spor.Requests > most {
		t.Errorf("spor made %d requests, want at most %d", r.spor.Requests, most)
	}
	if r.mood.Kills && r.spor.Crashes > 3 {
		t.Errorf("spor caused %d crashes, want at most 3", r.spor.Crashes)
	}
	if t.Failed() {
		t.Logf("stderr of spor: %s\nstderr of the SDK: %s", r.spor.stderr, r.sdk.stderr)
	}
}

// mostRequests returns the maximum number of requests for spor. Per batch, spor may make
// twice as many requests as the SDK's exporter.
//
// A batch is here a request with a span that no earlier request contained, because the
// collector cannot see how a program divides its spans. The two programs make batches of
// different sizes, and the larger number of batches counts. Otherwise, the program with
// fewer and larger batches could repeat fewer requests than the other.
//
// To find one span by halving, spor may make 2·log2(n)+1 more requests, where n is the
// number of spans in a batch. In each mood, spor may make one more request per second of
// the outage. This is because the pauses of both programs are random, so that one attempt
// more or less is made during the outage.
func (r *row) mostRequests() int {
	perBatch := max(1, float64(r.sdk.Requests)/float64(max(1, r.sdk.Batches)))
	most := int(math.Ceil(2 * perBatch * float64(max(r.spor.Batches, r.sdk.Batches))))
	if r.mood.Halves {
		most += 2*bits.Len(uint(matrixSpans/max(1, r.spor.Batches))) + 1
	}
	return most + int(matrixOutage/time.Second)
}

func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| collector | spor: received | dropped | duplicates | requests | batches | crashes | SDK: received | duplicates | requests | batches | crashes |\n")
	text.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %d | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", r.mood.Name,
			r.spor.Received, r.spor.dropped, r.spor.Duplicates, r.spor.Requests, r.spor.Batches, r.spor.Crashes,
			r.sdk.Received, r.sdk.Duplicates, r.sdk.Requests, r.sdk.Batches, r.sdk.Crashes)
	}
	return text.String()
}

// writePage replaces the end of the page, from the line with the marker on.
func writePage(t *testing.T, rows []row) {
	t.Helper()
	const marker = "<!-- TestHostileCollectors writes the rest of this page. -->\n"
	text, err := os.ReadFile(*page)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, _ := strings.Cut(string(text), marker)
	made := fmt.Sprintf("%s\n%s, %s/%s, gRPC v%s, OpenTelemetry's exporter v%s. Each program ended %d spans.\n\n%s",
		marker, runtime.Version(), runtime.GOOS, runtime.GOARCH, grpc.Version, otlptrace.Version(), matrixSpans, table(rows))
	if err := os.WriteFile(*page, []byte(intro+made), 0o644); err != nil {
		t.Fatal(err)
	}
}
