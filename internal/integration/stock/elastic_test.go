package stock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/elastic/go-elasticsearch/v9"
)

// TestElasticsearch checks the spans that Elastic's client itself makes.
func TestElasticsearch(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		fmt.Fprint(w, `{}`)
	}))
	defer s.Close()
	for name, body := range map[string]bool{"without bodies": false, "with bodies": true} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(ctx context.Context) {
				c, err := elasticsearch.NewTyped(elasticsearch.WithAddresses(s.URL), elasticsearch.WithInstrumentation(elasticsearch.NewOpenTelemetryInstrumentation(nil, body)))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Search().Index("orders").Raw(strings.NewReader(`{"query":{"match_all":{}}}`)).Do(ctx); err != nil {
					t.Error(err)
				}
				if _, err := c.Indices.Exists("orders").Do(ctx); err != nil {
					t.Error(err)
				}
			})
			e.mustHave(t, client, "search", "db.system", "elasticsearch", "db.operation", "search", "db.sql.table", "orders")
			e.mustHave(t, client, "indices.exists", "db.system", "elasticsearch", "db.operation", "indices.exists", "db.sql.table", "orders")
			e.mustLight(t, noSQLPanels...)
			e.mustDarken(t)
		})
	}
}
