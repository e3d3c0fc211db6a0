package export

import (
	"context"
	"errors"

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
	conn   *grpc.ClientConn
	clean  clean.Cleaner
	folded *Folded
}

// NewMetricExporter returns an exporter with the settings m.
func NewMetricExporter(ctx context.Context, m *environ.Metrics, r *Reporter, c clean.Cleaner, f *Folded) (*MetricExporter, error) {
	e := &MetricExporter{Watcher: NewWatcher("metrics", m.Endpoint, r), clean: c, folded: f}
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
	n := cleanMetrics(metrics, e.clean, e.folded)
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
type CleanExporter struct {
	sdkmetric.Exporter
	Cleaner clean.Cleaner
	Folded  *Folded
}

// Export implements sdkmetric.Exporter.
func (e CleanExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	beginLast(ctx)
	cleanMetrics(metrics, e.Cleaner, e.Folded)
	return e.Exporter.Export(ctx, metrics)
}

// points contains numbers of data points.
type points struct {
	all    int
	deltas int // the number of points whose value is the change since the last export
}

// cleanMetrics changes the texts in metrics to clean texts, and returns the numbers of points. It
// changes metrics in place. This is safe, because the reader made this value only for this export.
func cleanMetrics(metrics *metricdata.ResourceMetrics, c clean.Cleaner, folded *Folded) (n points) {
	for i := range metrics.ScopeMetrics {
		scope := &metrics.ScopeMetrics[i]
		scope.Scope = cleanScope(c, scope.Scope)
		for j := range scope.Metrics {
			m := &scope.Metrics[j]
			m.Name, m.Description, m.Unit = c.Text(m.Name), c.Text(m.Description), c.Text(m.Unit)
			s := seriesOf(m.Data)
			if s.clean(c) {
				folded.pushed(scope.Scope.Name, m.Name, s)
			}
			n.all += s.size
			if s.temporality == metricdata.DeltaTemporality {
				n.deltas += s.size
			}
		}
	}
	return n
}
