package main_test

import (
	"encoding/xml"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	plot "github.com/nais/spor/internal/integration/plot"
)

const (
	spor, measured, setup      = "#0072B2", "#8CC4E6", "#004580"
	rival, variant             = "#DDB06C", "#F1DDBC"
	second, secondAgain, third = "#A686A2", "#D9C7D7", "#787878"
	nothing, idle              = "#DDDDDD", "#B4B4B4"
)

// The variable pictures lists what each picture must contain: the number of visible bars of each
// colour, and the names in the legend.
var pictures = map[string]struct {
	bars   map[string]int
	legend string
}{
	"bench-http.svg": {
		map[string]int{nothing: 12, spor: 22, setup: 20, rival: 14, variant: 4, second: 2, secondAgain: 2, third: 4},
		"no library spor spor, under setup otelhttp otelchi otelgin otelecho dd-trace-go",
	},
	"bench-grpc.svg":   {map[string]int{nothing: 4, idle: 4, spor: 16, rival: 16}, "no library idle stats.Handler spor otelgrpc"},
	"bench-kafka.svg":  {map[string]int{spor: 8, measured: 8, rival: 8}, "spor spor, measuring kotel"},
	"bench-sarama.svg": {map[string]int{spor: 18, measured: 18, rival: 18}, "spor spor, measuring otelsarama"},
	"bench-sql.svg": {
		map[string]int{nothing: 12, spor: 12, setup: 12, measured: 12, rival: 12, variant: 12, second: 12, secondAgain: 12, third: 12},
		"no library spor spor, under setup spor, measuring otelsql otelsql, quiet uptrace uptrace, as many attributes nhatthm",
	},
	// In the next pictures, some bars of spor have the height 0, so they are not visible. One
	// reason is that spor makes no allocations without sampling or without an SDK. The other
	// reason is that spor loses no spans.
	"bench-pgx.svg":    {map[string]int{spor: 4, measured: 5, rival: 6, variant: 6}, "spor spor, measuring otelpgx otelpgx, measuring"},
	"bench-export.svg": {map[string]int{spor: 5, rival: 6}, "spor stock OpenTelemetry"},
	"bench-end.svg":    {map[string]int{spor: 12, rival: 14}, "spor stock OpenTelemetry"},
}

func TestEveryLibraryHasItsBars(t *testing.T) {
	dir := t.TempDir()
	if out, err := run(t, dir, "testdata/bench.txt"); err != nil || out != "" {
		t.Fatalf("%v: %s", err, out)
	}
	for name, want := range pictures {
		t.Run(name, func(t *testing.T) {
			bars, texts := readSVG(t, filepath.Join(dir, name))
			for color, n := range want.bars {
				if bars[color] != n+1 { // one area is in the legend
					t.Errorf("got %d bars of %s, want %d", bars[color]-1, color, n)
				}
			}
			if all := strings.Join(texts, " "); !strings.Contains(all, want.legend) {
				t.Errorf("got %s, want it to contain %s", all, want.legend)
			}
		})
	}
}

func TestMedianIsWrittenAboveTheBar(t *testing.T) {
	dir := t.TempDir()
	if out, err := run(t, dir, "testdata/bench.txt", "testdata/kafka.txt"); err == nil || !strings.Contains(out, "both in") {
		t.Errorf("got %v: %s, want an error that a benchmark is in two files", err, out)
	}
	if out, err := run(t, dir, "testdata/kafka.txt"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, texts := readSVG(t, filepath.Join(dir, "bench-kafka.svg"))
	if all := " " + strings.Join(texts, " ") + " "; !strings.Contains(all, " 5.1 6.9 5.9 ") || !strings.Contains(all, " 11 13 16 ") {
		t.Errorf("got %s", all)
	}
}

func TestMissingBenchmarkSkipsItsChart(t *testing.T) {
	dir := t.TempDir()
	out, err := run(t, dir, "testdata/kafka.txt")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name := range pictures {
		_, err := os.Stat(filepath.Join(dir, name))
		if drawn := name == "bench-kafka.svg"; drawn == errors.Is(err, fs.ErrNotExist) || drawn == strings.Contains(out, name) {
			t.Errorf("%s: %v, and stderr says %s", name, err, out)
		}
	}
}

func TestUnknownLibraryIsAnError(t *testing.T) {
	sample, err := os.ReadFile("testdata/kafka.txt")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bench.txt")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(sample), "kotel", "newcomer")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, t.TempDir(), file); err == nil || !strings.Contains(out, "newcomer") {
		t.Errorf("got %v: %s", err, out)
	}
}

// TestMain normally runs the tests. If the function run has started this program, TestMain
// runs the command instead.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_PLOT") == "" {
		os.Exit(m.Run())
	}
	plot.Main()
}

func run(t *testing.T, dir string, files ...string) (string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, append([]string{"-o", dir}, files...)...)
	command.Env = append(os.Environ(), "TEST_PLOT=1")
	out, err := command.CombinedOutput()
	return string(out), err
}

// readSVG returns the number of visible areas of each colour, and all texts.
func readSVG(t *testing.T, file string) (areas map[string]int, texts []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	areas = map[string]int{}
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if token == nil {
			if len(areas) == 0 || len(texts) == 0 {
				t.Fatalf("%s is empty: %v", file, err)
			}
			return areas, texts
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "path" && start.Name.Local != "text" {
			continue
		}
		var e struct {
			Path  string `xml:"d,attr"`
			Style string `xml:"style,attr"`
			Text  string `xml:",chardata"`
		}
		if err := d.DecodeElement(&e, &start); err != nil {
			t.Fatal(err)
		}
		if e.Text != "" {
			texts = append(texts, e.Text)
		} else if color, ok := strings.CutPrefix(e.Style, "fill:"); ok && tall(e.Path) {
			areas[color]++
		}
	}
}

// The function tall reports whether a path has points at different heights, so that its area is
// visible.
func tall(path string) bool {
	heights := map[string]bool{}
	for point := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune("MLZ", r) }) {
		_, y, _ := strings.Cut(point, ",")
		heights[y] = true
	}
	return len(heights) > 1
}
