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
	"github.com/nais/spor/setup/internal/spanstats"
)

// A MetricExporter cleans metrics and exports them over OTLP. It also reports the errors of
// exports.
type MetricExporter struct {
	Watcher
	sdkmetric.Exporter
	conn *grpc.ClientConn
}

// NewMetricExporter returns an exporter with the settings m.
func NewMetricExporter(ctx context.Context, m *environ.Metrics, r *Reporter) (*MetricExporter, error) {
	e := &MetricExporter{Watcher: NewWatcher("metrics", m.Endpoint, r)}
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
	isLast := beginLast(ctx)
	n := cleanMetrics(metrics)
	answer := &Answer{}
	err := e.Exporter.Export(WithAnswer(ctx, answer), metrics)
	switch {
	case answer.Accepted:
		e.Reporter.Points.Settle(answer.Rejected, n.all)
		e.Partly("metric data points", answer)
	case err != nil:
		e.fail(ctx, err, n, isLast)
	}
	return nil
}

// fail reports err, the error of an export of n points, and counts the points that are dropped
// because of it. If the collector refused the points, all points are dropped. Otherwise, a point
// is dropped only if no later export replaces it: if its value is the change since the last
// export, or if this is the last export.
//
// The shutdown cancels a periodic export. This is no error, because the last export follows.
func (e *MetricExporter) fail(ctx context.Context, err error, n points, isLast bool) {
	stopped := errors.Is(ctx.Err(), context.Canceled) || isLast && ctx.Err() != nil
	reason, _ := Judge(err)
	dropped := n.all
	if reason == spanstats.TimedOut {
		if !isLast {
			dropped = n.deltas
		}
		if stopped {
			reason = spanstats.AfterShutdown
		}
	}
	e.Reporter.Points.Drop(reason, int64(dropped))
	if stopped && !isLast {
		e.Dropped()
		return
	}
	e.GaveUp(err)
}

// Shutdown closes the connection. The reader calls it after the last export.
func (e *MetricExporter) Shutdown(ctx context.Context) error {
	return errors.Join(e.Exporter.Shutdown(ctx), e.conn.Close())
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

// points contains numbers of data points.
type points struct {
	all    int
	deltas int // the number of points whose value is the change since the last export
}

// cleanMetrics changes the texts in metrics to clean texts, and returns the numbers of points. It
// changes metrics in place. This is safe, because the reader made this value only for this export.
func cleanMetrics(metrics *metricdata.ResourceMetrics) (n points) {
	for i := range metrics.ScopeMetrics {
		s := &metrics.ScopeMetrics[i]
		s.Scope = cleanScope(s.Scope)
		for j := range s.Metrics {
			m := &s.Metrics[j]
			m.Name, m.Description, m.Unit = clean.Text(m.Name), clean.Text(m.Description), clean.Text(m.Unit)
			size, temporality := cleanAggregation(m.Data)
			n.all += size
			if temporality == metricdata.DeltaTemporality {
				n.deltas += size
			}
		}
	}
	return n
}

// cleanAggregation returns the number of the data points, and their temporality if they have one.
func cleanAggregation(data metricdata.Aggregation) (size int, t metricdata.Temporality) {
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		return cleanPoints(d.DataPoints), t
	case metricdata.Gauge[float64]:
		return cleanPoints(d.DataPoints), t
	case metricdata.Sum[int64]:
		return cleanPoints(d.DataPoints), d.Temporality
	case metricdata.Sum[float64]:
		return cleanPoints(d.DataPoints), d.Temporality
	case metricdata.Histogram[int64]:
		return cleanHistogram(d.DataPoints), d.Temporality
	case metricdata.Histogram[float64]:
		return cleanHistogram(d.DataPoints), d.Temporality
	case metricdata.ExponentialHistogram[int64]:
		return cleanExponential(d.DataPoints), d.Temporality
	case metricdata.ExponentialHistogram[float64]:
		return cleanExponential(d.DataPoints), d.Temporality
	case metricdata.Summary:
		for i := range d.DataPoints {
			cleanSet(&d.DataPoints[i].Attributes)
		}
		return len(d.DataPoints), t
	}
	return 0, t
}

func cleanPoints[N int64 | float64](points []metricdata.DataPoint[N]) int {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
	return len(points)
}

func cleanHistogram[N int64 | float64](points []metricdata.HistogramDataPoint[N]) int {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
	return len(points)
}

func cleanExponential[N int64 | float64](points []metricdata.ExponentialHistogramDataPoint[N]) int {
	for i := range points {
		cleanSet(&points[i].Attributes)
		cleanExemplars(points[i].Exemplars)
	}
	return len(points)
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
