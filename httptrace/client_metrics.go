package httptrace

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	"github.com/nais/spor/internal/cache"
)

type clientMetrics struct {
	duration    metric.Float64Histogram
	requestSize metric.Int64Histogram // nil if WithOptionalMetrics is not used
	attributes  []attribute.KeyValue
	series      cache.Map[clientSeries, []metric.RecordOption]
}

// clientSeries contains the attribute values that differ between time series of a client.
type clientSeries struct {
	method, scheme, host, version, errorType string
	port, status                             int
}

func (t *transport) newClientMetrics(meter metric.Meter) *clientMetrics {
	duration, err := httpconv.NewClientRequestDuration(meter, metric.WithExplicitBucketBoundaries(seconds...))
	report(err)
	m := &clientMetrics{duration: duration.Inst(), attributes: t.attributes}
	if t.optional {
		requestSize, err := httpconv.NewClientRequestBodySize(meter)
		report(err)
		m.requestSize = requestSize.Inst()
	}
	return m
}

// record records the metrics of a round trip. The recorded duration ends when the header of the
// response arrives, or when the request fails.
func (m *clientMetrics) record(e *roundTrip, o clientOutcome) {
	r := e.request
	key := clientSeries{
		method:    knownMethod(r.Method, "_OTHER"),
		version:   o.version,
		errorType: o.errorType,
		status:    o.status,
	}
	if r.URL != nil {
		key.scheme = r.URL.Scheme
		key.host, key.port = serverOf(r.URL)
	}
	opts := m.series.Get(key, m.options)
	if l, _ := e.Value(clientLabelerKey).(interface{ Get() []attribute.KeyValue }); l != nil {
		if added := l.Get(); len(added) > 0 {
			opts = append(slices.Clip(opts), metric.WithAttributes(added...))
		}
	}
	m.duration.Record(e.inside, time.Since(e.start).Seconds(), opts...)
	if m.requestSize != nil {
		e.upload.report(func(size int64) { m.requestSize.Record(e.inside, size, opts...) })
	}
}

func (m *clientMetrics) options(key clientSeries) []metric.RecordOption {
	attrs := append(slices.Clip(m.attributes),
		semconv.HTTPRequestMethodKey.String(key.method),
		semconv.ServerAddress(key.host),
		semconv.ServerPort(key.port),
		semconv.URLScheme(key.scheme),
	)
	if key.version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(key.version))
	}
	if key.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(key.status))
	}
	if key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(key.errorType))
	}
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}
