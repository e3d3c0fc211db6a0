package export

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
)

// A MetricExporter cleans metrics and exports them over OTLP. It also reports the errors of
// exports.
type MetricExporter struct {
	Watcher
	sdkmetric.Exporter
	conn *grpc.ClientConn
	life context.Context //nolint:containedctx // ends when all exports must stop
	stop context.CancelFunc
}

// NewMetricExporter returns an exporter with the settings m.
func NewMetricExporter(ctx context.Context, m *environ.Metrics, r *Reporter) (*MetricExporter, error) {
	e := &MetricExporter{}
	e.Watcher = NewWatcher("metrics", m.Endpoint, r)
	e.life, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	conn, err := e.Dial(m.Signal)
	if err != nil {
		return nil, err
	}
	e.conn = conn
	e.Exporter, err = otlpmetricgrpc.New(ctx,
		otlpmetricgrpc.WithGRPCConn(conn),
		otlpmetricgrpc.WithHeaders(m.Headers),
		otlpmetricgrpc.WithTimeout(m.Timeout),
		otlpmetricgrpc.WithTemporalitySelector(temporality(m.Temporality)),
		otlpmetricgrpc.WithRetry(Retry),
	)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// Export always returns nil, because it reports errors itself. If it returned an error, the
// reader would report the error a second time.
func (e *MetricExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	cleanMetrics(metrics)
	answer := &Answer{}
	err := e.Exporter.Export(WithAnswer(ctx, answer), metrics)
	switch {
	case answer.Accepted:
		e.Partly("data points", answer)
	case err != nil && e.life.Err() == nil:
		e.GaveUp(err)
	}
	return nil
}

// Shutdown closes the connection. The reader calls it after the last export.
func (e *MetricExporter) Shutdown(ctx context.Context) error {
	err := e.Exporter.Shutdown(ctx)
	e.stop()
	return errors.Join(err, e.conn.Close())
}

func temporality(name string) sdkmetric.TemporalitySelector {
	switch name {
	case "delta":
		return sdkmetric.DeltaTemporalitySelector
	case "lowmemory":
		return sdkmetric.LowMemoryTemporalitySelector
	}
	return sdkmetric.CumulativeTemporalitySelector
}

// A CleanExporter cleans metrics before it passes them to its exporter.
type CleanExporter struct{ sdkmetric.Exporter }

// Export implements sdkmetric.Exporter.
func (e CleanExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	cleanMetrics(metrics)
	return e.Exporter.Export(ctx, metrics)
}

// cleanMetrics changes the texts in metrics to clean texts. It changes metrics in place.
// This is safe, because the reader made this value only for this export.
func cleanMetrics(metrics *metricdata.ResourceMetrics) {
	for i := range metrics.ScopeMetrics {
		s := &metrics.ScopeMetrics[i]
		s.Scope = cleanScope(s.Scope)
		for j := range s.Metrics {
			m := &s.Metrics[j]
			m.Name, m.Description, m.Unit = clean.Text(m.Name), clean.Text(m.Description), clean.Text(m.Unit)
			cleanAggregation(m.Data)
		}
	}
}

func cleanAggregation(data metricdata.Aggregation) {
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		cleanPoints(d.DataPoints)
	case metricdata.Gauge[float64]:
		cleanPoints(d.DataPoints)
	case metricdata.Sum[int64]:
		cleanPoints(d.DataPoints)
	case metricdata.Sum[float64]:
		cleanPoints(d.DataPoints)
	case metricdata.Histogram[int64]:
		cleanHistogram(d.DataPoints)
	case metricdata.Histogram[float64]:
		cleanHistogram(d.DataPoints)
	case metricdata.ExponentialHistogram[int64]:
		cleanExponential(d.DataPoints)
	case metricdata.ExponentialHistogram[float64]:
		cleanExponential(d.DataPoints)
	case metricdata.Summary:
		for i := range d.DataPoints {
			cleanSet(&d.DataPoints[i].Attributes)
		}
	}
}

func cleanPoints[N int64 | float64](points []metricdata.DataPoint[N]) {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
}

func cleanHistogram[N int64 | float64](points []metricdata.HistogramDataPoint[N]) {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
}

func cleanExponential[N int64 | float64](points []metricdata.ExponentialHistogramDataPoint[N]) {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
}

// cleanExemplars removes the filtered attributes of exemplars. A view has removed these
// attributes from the series, because callers of the service can choose the values of
// these attributes.
func cleanExemplars[N int64 | float64](exemplars []metricdata.Exemplar[N]) {
	for i := range exemplars {
		exemplars[i].FilteredAttributes = nil
	}
}

func cleanSet(set *attribute.Set) {
	for iter := set.Iter(); iter.Next(); {
		if a := iter.Attribute(); !clean.IsClean(string(a.Key)) || !clean.IsCleanValue(a.Key, a.Value) {
			*set = attribute.NewSet(clean.Attributes(set.ToSlice())...)
			return
		}
	}
}
