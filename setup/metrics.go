package setup

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/export"
)

// mostPoints is the maximum number of data points in one request. A collector accepts requests
// of at most 4 MiB. It would refuse all series of a larger request.
const mostPoints = 2000

func periodic(m *environ.Metrics, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return export.PeriodicReader{PeriodicReader: sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.Interval),
		sdkmetric.WithTimeout(m.ExportTimeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)}
}

// MetricsHandler returns a handler that serves metrics for Prometheus. Mount it at /metrics,
// and set OTEL_METRICS_EXPORTER=prometheus. The handler can be created before [Start]. If the
// variable has another value, if [WithoutMetrics] is used, or if telemetry is not running, the
// handler responds with the status 404. It does not serve metrics that are exported over OTLP, because the platform would
// then count every series twice.
func MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := running.Load(); t != nil && t.scrape != nil {
			t.scrape.ServeHTTP(w, r)
			return
		}
		http.Error(w, "metrics are not scraped here (set OTEL_METRICS_EXPORTER=prometheus)", http.StatusNotFound)
	})
}
