package setup_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/setup"
)

type brokenGatherer func() ([]*dto.MetricFamily, error)

func (f brokenGatherer) Gather() ([]*dto.MetricFamily, error) { return f() }

var brokenGatherers = map[string]brokenGatherer{
	"error": func() ([]*dto.MetricFamily, error) { return nil, errors.New("no such device") },
	"panic": func() ([]*dto.MetricFamily, error) { panic("no such device") },
}

func TestBrokenGathererCostsNoOtherMetric(t *testing.T) {
	for name, broken := range brokenGatherers {
		t.Run("pushed, "+name, func(t *testing.T) {
			c := pushed(t, nothing, []setup.Option{setup.WithGatherer(broken)})
			if c.metric("go_goroutines") == nil {
				t.Error("the metrics of the Go runtime are lost")
			}
		})
		t.Run("scraped, "+name, func(t *testing.T) {
			environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_TRACES_EXPORTER", "none")
			log := logLines(t)
			mustStart(t, setup.WithGatherer(broken))
			count(t, otel.Meter("test"), "orders")
			code, page := get(setup.MetricsHandler())
			if code != http.StatusOK || !strings.Contains(page, "orders_total") || !strings.Contains(page, "go_goroutines") {
				t.Errorf("page: got %d %.100s", code, page)
			}
			if !strings.Contains(log.String(), "no such device") {
				t.Errorf("log: got %s, want the error", log)
			}
		})
	}
}

func TestBadLabelCostsNotThePage(t *testing.T) {
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_TRACES_EXPORTER", "none")
	logLines(t)
	mustStart(t)
	count(t, otel.Meter("test"), "orders")
	count(t, otel.Meter("test"), "letters", attribute.String("subject", "S\xf8knad"))
	if code, page := get(setup.MetricsHandler()); code != http.StatusOK || !strings.Contains(page, "orders_total") {
		t.Errorf("page: got %d %.200s", code, page)
	}
}
