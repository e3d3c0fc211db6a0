package docs_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/nais/spor/internal/dialect"
)

func TestDialectPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/dialect.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if row := cells(line); strings.HasPrefix(line, "| `") {
			documented[row[0][0]] = row[1][0]
		}
	}
	for stable, older := range dialect.All {
		if documented[stable] != older {
			t.Errorf("the page says %q of %s: want the row | `%s` | `%s` | … |", documented[stable], stable, stable, older)
		}
	}
	if inCode := maps.Collect(dialect.All); !maps.Equal(documented, inCode) {
		t.Errorf("the page has %v, want %v", documented, inCode)
	}
}
