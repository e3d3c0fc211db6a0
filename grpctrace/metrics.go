package grpctrace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/rpcconv"

	"github.com/nais/spor/internal/cache"
)

type metrics struct {
	duration   metric.Float64Histogram
	attributes []attribute.KeyValue
	series     cache.Map[series, []metric.RecordOption]
}

// series contains the attribute values that differ between time series. On a server, the caller
// cannot choose any of these values.
type series struct {
	method, code, errorType string
	endpoint                endpoint
}

func serverDuration(meter metric.Meter) metric.Float64Histogram {
	duration, err := rpcconv.NewServerCallDuration(meter)
	report(err)
	return duration.Inst()
}

func clientDuration(meter metric.Meter) metric.Float64Histogram {
	duration, err := rpcconv.NewClientCallDuration(meter)
	report(err)
	return duration.Inst()
}

func (m *metrics) record(ctx context.Context, elapsed time.Duration, method *method, o outcome) {
	key := series{method: method.attribute, endpoint: method.endpoint, code: o.code, errorType: o.errorType}
	m.duration.Record(ctx, elapsed.Seconds(), m.series.Get(key, m.options)...)
}

func (m *metrics) options(key series) []metric.RecordOption {
	attrs := make([]attribute.KeyValue, 0, len(m.attributes)+6)
	attrs = append(append(attrs, m.attributes...), semconv.RPCSystemNameGRPC, semconv.RPCMethod(key.method))
	attrs = key.endpoint.appendTo(attrs)
	if key.code != "" {
		attrs = append(attrs, semconv.RPCResponseStatusCode(key.code))
	}
	if key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(key.errorType))
	}
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}

func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}
