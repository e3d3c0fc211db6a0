package corpus

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// An entry is one value that was recorded for a statement.
type entry struct {
	// place describes where the value was recorded, such as "span db.query.text".
	place string
	value string
}

// A recording is everything that one call recorded.
type recording struct {
	entries []entry
	// spans are the attributes of the spans, by key.
	spans []map[string]string
}

func (r *recording) add(place, value string) {
	r.entries = append(r.entries, entry{place, value})
}

func (r *recording) addAttributes(place string, attrs []attribute.KeyValue) {
	for _, a := range attrs {
		r.add(place+" key", string(a.Key))
		r.add(place+" "+string(a.Key), a.Value.String())
	}
}

// addSpan adds the name, the status, the attributes, the events and the links of span.
func (r *recording) addSpan(span sdktrace.ReadOnlySpan) {
	r.add("span name", span.Name())
	r.add("span status", span.Status().Description)
	r.addAttributes("span", span.Attributes())
	for _, event := range span.Events() {
		r.add("event name", event.Name)
		r.addAttributes("event", event.Attributes)
	}
	for _, link := range span.Links() {
		r.addAttributes("link", link.Attributes)
	}
	attrs := map[string]string{}
	for _, a := range span.Attributes() {
		attrs[string(a.Key)] = a.Value.String()
	}
	r.spans = append(r.spans, attrs)
}

// addMetrics adds the attributes of all data points. It returns an error for a kind of
// metric that it cannot read, because such a metric would never be checked.
func (r *recording) addMetrics(all *metricdata.ResourceMetrics) error {
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			points, known := pointsOf(m.Data)
			if !known {
				return fmt.Errorf("metric %s has the type %T, which is not checked", m.Name, m.Data)
			}
			for _, attrs := range points {
				r.addAttributes("metric "+m.Name, attrs.ToSlice())
			}
		}
	}
	return nil
}

// pointsOf returns the attributes of the data points of a metric, and of their exemplars.
// known is false if the type of data is unknown.
func pointsOf(data metricdata.Aggregation) (sets []attribute.Set, known bool) {
	switch data := data.(type) {
	case metricdata.Histogram[float64]:
		return histogram(data.DataPoints), true
	case metricdata.Histogram[int64]:
		return histogram(data.DataPoints), true
	case metricdata.Sum[float64]:
		return numbers(data.DataPoints), true
	case metricdata.Sum[int64]:
		return numbers(data.DataPoints), true
	case metricdata.Gauge[float64]:
		return numbers(data.DataPoints), true
	case metricdata.Gauge[int64]:
		return numbers(data.DataPoints), true
	}
	return nil, false
}

func histogram[N int64 | float64](points []metricdata.HistogramDataPoint[N]) (sets []attribute.Set) {
	for i := range points {
		sets = append(append(sets, points[i].Attributes), exemplars(points[i].Exemplars)...)
	}
	return sets
}

func numbers[N int64 | float64](points []metricdata.DataPoint[N]) (sets []attribute.Set) {
	for i := range points {
		sets = append(append(sets, points[i].Attributes), exemplars(points[i].Exemplars)...)
	}
	return sets
}

func exemplars[N int64 | float64](all []metricdata.Exemplar[N]) (sets []attribute.Set) {
	for i := range all {
		sets = append(sets, attribute.NewSet(all[i].FilteredAttributes...))
	}
	return sets
}

// A telemetry is an SDK that keeps the spans and the measurements of the current call.
type telemetry struct {
	tracers *sdktrace.TracerProvider
	meters  *sdkmetric.MeterProvider
	reader  *sdkmetric.ManualReader

	mu      sync.Mutex
	started int
	ended   []sdktrace.ReadOnlySpan
}

func newTelemetry() *telemetry {
	t := &telemetry{}
	// A data point is kept only until it is read, so that no statement is hidden in the
	// series for overflows.
	t.reader = sdkmetric.NewManualReader(sdkmetric.WithTemporalitySelector(
		func(sdkmetric.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality }))
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(t.reader))
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = -1
	t.tracers = sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithRawSpanLimits(limits), sdktrace.WithSpanProcessor(t))
	return t
}

// OnStart implements [sdktrace.SpanProcessor].
func (t *telemetry) OnStart(context.Context, sdktrace.ReadWriteSpan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.started++
}

// OnEnd implements [sdktrace.SpanProcessor].
func (t *telemetry) OnEnd(span sdktrace.ReadOnlySpan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = append(t.ended, span)
}

// Shutdown implements [sdktrace.SpanProcessor].
func (t *telemetry) Shutdown(context.Context) error { return nil }

// ForceFlush implements [sdktrace.SpanProcessor].
func (t *telemetry) ForceFlush(context.Context) error { return nil }

// takeSpans returns the spans since the last call, and forgets them. It returns an error if
// a span was started and has not ended.
func (t *telemetry) takeSpans() (*recording, error) {
	t.mu.Lock()
	started, ended := t.started, t.ended
	t.started, t.ended = 0, nil
	t.mu.Unlock()
	if started != len(ended) {
		return nil, fmt.Errorf("%d spans started and %d ended", started, len(ended))
	}
	r := &recording{}
	for _, span := range ended {
		r.addSpan(span)
	}
	return r, nil
}

// takeMetrics adds the data points since the last call to r, and forgets them.
func (t *telemetry) takeMetrics(ctx context.Context, r *recording) error {
	var all metricdata.ResourceMetrics
	if err := t.reader.Collect(ctx, &all); err != nil {
		return err
	}
	return r.addMetrics(&all)
}
