package httptrace

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	"github.com/nais/spor/internal/memo"
)

// seconds are the boundaries that the conventions advise for durations.
var seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// serverMetrics are the instruments of a server. None of their attributes is of
// the client's choosing, least of all the Host header.
type serverMetrics struct {
	duration     metric.Float64Histogram
	requestSize  metric.Int64Histogram
	responseSize metric.Int64Histogram
	attributes   []attribute.KeyValue
	series       memo.Map[serverSeries, []metric.RecordOption]
}

// serverSeries is what tells the series of a server apart.
type serverSeries struct {
	method, scheme, version, route, errorType string
	status                                    int
}

func (s *server) newServerMetrics(meter metric.Meter) *serverMetrics {
	m := &serverMetrics{attributes: s.attributes}
	duration, err := httpconv.NewServerRequestDuration(meter, metric.WithExplicitBucketBoundaries(seconds...))
	report(err)
	requestSize, err := httpconv.NewServerRequestBodySize(meter)
	report(err)
	responseSize, err := httpconv.NewServerResponseBodySize(meter)
	report(err)
	m.duration, m.requestSize, m.responseSize = duration.Inst(), requestSize.Inst(), responseSize.Inst()
	return m
}

// record measures a request that has ended.
func (m *serverMetrics) record(c *call, o outcome) {
	key := serverSeries{
		method:    knownMethod(c.request.Method, "_OTHER"),
		scheme:    c.scheme,
		version:   versionOf(c.request.Proto),
		route:     o.route,
		errorType: o.errorType,
		status:    o.status,
	}
	opts := m.series.Get(key, m.options)
	if added := c.labeler.Get(); len(added) > 0 {
		opts = append(slices.Clip(opts), metric.WithAttributes(added...))
	}
	ctx := c.inner.Context()
	m.requestSize.Record(ctx, c.span.read, opts...)
	m.responseSize.Record(ctx, c.response.written.Load(), opts...)
	m.duration.Record(ctx, time.Since(c.start).Seconds(), opts...)
}

// options returns the attributes of a series, ready to record with.
func (m *serverMetrics) options(key serverSeries) []metric.RecordOption {
	attrs := append(slices.Clip(m.attributes),
		semconv.HTTPRequestMethodKey.String(key.method),
		semconv.URLScheme(key.scheme),
	)
	if key.version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(key.version))
	}
	if key.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(key.status))
	}
	if key.route != "" {
		attrs = append(attrs, semconv.HTTPRoute(key.route))
	}
	if key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(key.errorType))
	}
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}

// versionOf returns the version of HTTP in the words of the conventions, or "".
func versionOf(proto string) string {
	switch proto {
	case "HTTP/1.0":
		return "1.0"
	case "HTTP/1.1":
		return "1.1"
	case "HTTP/2.0":
		return "2"
	case "HTTP/3.0":
		return "3"
	}
	return ""
}

func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}
