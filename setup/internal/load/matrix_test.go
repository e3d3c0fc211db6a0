package load_test

import (
	"flag"
	"fmt"
	"math"
	"math/bits"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nais/spor/internal/hostile"
)

// In each row of the matrix, a program ends matrixSpans spans, and the disturbance lasts for
// matrixOutage.
const (
	matrixSpans  = 10_000 / scale
	matrixRate   = 1000
	matrixOutage = 10 * time.Second / scale
)

// side is one half of a row: what became of the spans of one program.
type side struct {
	hostile.Counts
	dropped string // the dropped spans by reason, as package setup counts them
	lost    int    // sum of the dropped spans
	stderr  string
}

type row struct {
	mood      hostile.Mood
	spor, sdk side
}

// TestHostileCollectors runs two programs for each mood of a collector. One program uses
// package setup, and the other uses OpenTelemetry's SDK with its exporter. Each program has
// its own collector.
func TestHostileCollectors(t *testing.T) {
	rows := make([]row, len(hostile.Moods))
	turns := make(chan struct{}, 16)
	var all sync.WaitGroup
	for i, mood := range hostile.Moods {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			t.Run(mood.Name, func(t *testing.T) {
				var both sync.WaitGroup
				r := &rows[i]
				r.mood = mood
				both.Go(func() { r.spor = meet(t, "spor", mood) })
				both.Go(func() { r.sdk = meet(t, "stock", mood) })
				both.Wait()
				r.check(t)
			})
		})
	}
	all.Wait()
	t.Logf("%d spans\n%s", matrixSpans, table(rows))
	if *page != "" {
		writePage(t, rows)
	}
}

// meet runs a program with the pipeline against a new collector.
func meet(t *testing.T, pipeline string, mood hostile.Mood) (s side) {
	t.Helper()
	c := hostile.Listen(t, mood, matrixOutage)
	p := plan{Pipeline: pipeline, Spans: matrixSpans, From: 1, Rate: matrixRate, Shutdown: 10 * time.Second}
	o, lines := begin(t, p, append([]string{"OTEL_BSP_SCHEDULE_DELAY", "100"}, c.Env()...)...).end(t)
	s.Counts, s.stderr = c.Counts(), strings.Join(lines, "")
	if _, reasons, lossy := strings.Cut(o.Lost, " spans were not delivered to "); lossy && pipeline == "spor" {
		fmt.Sscanf(o.Lost, "setup: %d of", &s.lost)
		s.dropped = reasons[strings.LastIndex(reasons, ": ")+2:]
	}
	return s
}

func (r *row) check(t *testing.T) {
	t.Helper()
	if r.spor.Received < r.sdk.Received {
		t.Errorf("spor delivered %d spans, the SDK's exporter delivered %d", r.spor.Received, r.sdk.Received)
	}
	loses := 0
	if r.mood.Loses != nil {
		loses = r.mood.Loses(matrixSpans)
	}
	if missing := matrixSpans - r.spor.Received; missing > loses {
		t.Errorf("spor lost %d spans, want at most %d", missing, loses)
	}
	if found := r.spor.Received + r.spor.lost; found < matrixSpans || found > matrixSpans && !r.mood.Overlaps {
		t.Errorf("received %d + dropped %d = %d of %d", r.spor.Received, r.spor.lost, found, matrixSpans)
	}
	if most := r.mostRequests(); r.spor.Requests > most {
		t.Errorf("spor made %d requests, want at most %d", r.spor.Requests, most)
	}
	if r.mood.Kills && r.spor.Crashes > 3 {
		t.Errorf("spor caused %d crashes, want at most 3", r.spor.Crashes)
	}
	for _, s := range []side{r.spor, r.sdk} {
		if strings.Contains(s.stderr, "WARNING: DATA RACE") {
			t.Error(s.stderr)
		}
	}
}

// mostRequests returns the maximum number of requests for spor. It is twice the SDK's number
// of requests per batch, for each batch. The two pipelines make batches of different sizes.
// A batch is a request with a span that the collector has not seen before, because the
// collector cannot see batches. The larger number of batches counts, so that a pipeline with
// fewer, larger batches may repeat as many requests as the other.
func (r *row) mostRequests() int {
	perBatch := max(1, float64(r.sdk.Requests)/float64(max(1, r.sdk.Batches)))
	batches := max(r.spor.Batches, r.sdk.Batches)
	most := int(math.Ceil(2 * perBatch * float64(batches)))
	if r.mood.Halves {
		most += 2*bits.Len(uint(matrixSpans/max(1, r.spor.Batches))) + 1
	}
	return most
}

var page = flag.String("page", "", "file to write with the matrix")

func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| collector | spor received | dropped | duplicates | requests | batches | crashes | SDK received | duplicates | requests | batches | crashes |\n")
	text.WriteString("|" + strings.Repeat("---|", 12) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %d | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", r.mood.Name,
			r.spor.Received, r.spor.dropped, r.spor.Duplicates, r.spor.Requests, r.spor.Batches, r.spor.Crashes,
			r.sdk.Received, r.sdk.Duplicates, r.sdk.Requests, r.sdk.Batches, r.sdk.Crashes)
	}
	return text.String()
}

func writePage(t *testing.T, rows []row) {
	t.Helper()
	text, err := os.ReadFile(*page)
	if err != nil {
		t.Fatal(err)
	}
	const begin = "| collector |"
	before, after, _ := strings.Cut(string(text), begin)
	_, after, _ = strings.Cut(after, "\n\n")
	if err := os.WriteFile(*page, []byte(before+table(slices.Clone(rows))+"\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
