package stock_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/nais/spor/internal/stock"
)

// TestPageOfLibraries compares the table in docs/libraries.md with the code.
func TestPageOfLibraries(t *testing.T) {
	page, err := os.ReadFile("../../docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && !strings.Contains(cells[1], "---") && strings.TrimSpace(cells[1]) != "library" {
			name, version, what := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
			got[name] = version
			if (what == "nothing") == stock.Completes(name) {
				t.Errorf("%s: the page says %q", name, what)
			}
		}
	}
	if want := stock.Versions(); !maps.Equal(got, want) {
		t.Errorf("page %v\ncode %v", got, want)
	}
}
