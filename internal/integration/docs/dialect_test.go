package docs_test

import (
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
			t.Errorf("the page has the older name %q for %s: want the row | `%s` | `%s` | … |", documented[stable], stable, stable, older)
		}
	}
	for stable, older := range documented {
		if got, _ := dialect.Stable(older); got != stable {
			t.Errorf("the page has the older name %s for %s, but the code does not", older, stable)
		}
	}
}
