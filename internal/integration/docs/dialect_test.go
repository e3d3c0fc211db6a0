package docs_test

import (
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

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
	for stable, older := range documented {
		if got := twinOf(stable); got != older {
			t.Errorf("%s: the page says %q, the code %q", stable, older, got)
		}
	}
	for _, page := range []string{"http", "grpc", "sql", "pgx", "kafka"} {
		for section, names := range read(t, "../../../docs/"+page+".md") {
			for name := range names {
				if older := twinOf(name); strings.HasSuffix(section, " spans") && older != documented[name] {
					t.Errorf("%s: the page says %q, the code %q", name, documented[name], older)
				}
			}
		}
	}
}

// twinOf returns the name that the dialect adds beside key, "" when there is none.
func twinOf(key string) string {
	given := []attribute.KeyValue{attribute.String(key, "pkg.Service/Method")}
	all := dialect.New(0).Append(nil, given)
	if len(all) == len(given) {
		return ""
	}
	return string(all[len(all)-1].Key)
}
