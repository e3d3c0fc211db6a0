package setup

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
)

// mostPoints is the largest number of data points in one request. A collector accepts at most
// 4 MiB, and would refuse all series of a larger request.
const mostPoints = 2000

func periodic(m *environ.Metrics, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.Interval),
		sdkmetric.WithTimeout(m.ExportTimeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)
}

// MetricsHandler returns a handler that serves metrics for Prometheus. Mount it at /metrics,
// and set OTEL_METRICS_EXPORTER=prometheus. It can be created before [Start]. With any other
// value of that variable, and while telemetry does not run, it answers 404. It does not serve
// metrics that are exported over OTLP, because the platform would count every series twice.
func MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := running.Load(); t != nil && t.scrape != nil {
			t.scrape.ServeHTTP(w, r)
			return
		}
		http.Error(w, "metrics are not scraped here (set OTEL_METRICS_EXPORTER=prometheus)", http.StatusNotFound)
	})
}
