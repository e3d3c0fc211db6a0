package setup

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	prometheusbridge "go.opentelemetry.io/contrib/bridges/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/nais/spor/internal/environ"
)

// mostPoints is how many data points one request has: a collector takes 4 MiB, and
// would refuse every series for those that are too many.
const mostPoints = 2000

func periodic(m *environ.Metrics, e sdkmetric.Exporter, gatherer prometheus.Gatherer) sdkmetric.Reader {
	return sdkmetric.NewPeriodicReader(e,
		sdkmetric.WithInterval(m.Interval),
		sdkmetric.WithTimeout(m.ExportTimeout),
		sdkmetric.WithMaxExportBatchSize(mostPoints),
		sdkmetric.WithProducer(prometheusbridge.NewMetricProducer(prometheusbridge.WithGatherer(gatherer))),
	)
}

// MetricsHandler returns the handler to mount at /metrics for a program that
// sets OTEL_METRICS_EXPORTER=prometheus. It may be made before [Start]. While
// metrics are pushed, or go nowhere, it answers 404: the platform would count
// every series twice.
func MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := running.Load(); t != nil && t.scrape != nil {
			t.scrape.ServeHTTP(w, r)
			return
		}
		http.Error(w, "metrics are not scraped here (set OTEL_METRICS_EXPORTER=prometheus)", http.StatusNotFound)
	})
}
