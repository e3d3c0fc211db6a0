package kafkatrace_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/twmb/franz-go/pkg/kerr"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

func total(tb testing.TB, sdk *oteltest.SDK, name string) (n int64) {
	tb.Helper()
	sum, _ := sdk.Metric(tb, name).(metricdata.Sum[int64])
	for _, point := range sum.DataPoints {
		n += point.Value
	}
	return n
}

func TestMetrics(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithConsumerGroup("stats"),
		kafkatrace.WithAttributes(semconv.MessagingClientID("quotes-1"), attribute.String("team", "spor")))...)
	m, _ := record()
	for _, err := range []error{nil, nil, kerr.NotEnoughReplicas} {
		_, end := tracer.StartSend(t.Context(), m)
		m.Acked, m.Partition = true, 7
		end(err)
	}
	tracer.Process(t.Context(), m, nothing)
	tracer.Process(t.Context(), m, func(context.Context) error { return context.Canceled })
	for name, want := range map[string]int64{
		"messaging.client.sent.messages": 3, "messaging.client.consumed.messages": 2,
		"kafka.producer.records_sent_total": 2, "kafka.producer.record_send_total": 2, "kafka.consumer.records_consumed_total": 2,
	} {
		if got := total(t, sdk, name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
	for name, operation := range map[string]string{"messaging.client.operation.duration": "send", "messaging.process.duration": "process"} {
		group, failure := "", "NOT_ENOUGH_REPLICAS"
		if operation == "process" {
			group, failure = "stats", "canceled"
		}
		series := sdk.Seconds(t, name)
		slices.SortFunc(series, func(a, b metricdata.HistogramDataPoint[float64]) int { return a.Attributes.Len() - b.Attributes.Len() })
		if len(series) != 2 {
			t.Fatalf("%s: %d series, want 2", name, len(series))
		}
		for i, kind := range []string{"", failure} {
			mustHave(t, name, oteltest.Map(series[i].Attributes.ToSlice()), "messaging.operation.name", operation, "messaging.system", "kafka",
				"messaging.destination.name", "quotes", "messaging.consumer.group.name", group, "error.type", kind, "team", "spor",
				"messaging.client.id", "", "messaging.destination.partition.id", "")
		}
		if got := series[0].Bounds; len(got) != 14 || got[0] != 0.005 || got[13] != 10 {
			t.Errorf("%s: bounds: got %v", name, got)
		}
	}
}

func TestPartitionMetrics(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithPartitionMetrics())...)
	m, _ := record()
	_, end := tracer.StartSend(t.Context(), m)
	m.Acked, m.Partition = true, 7
	end(nil)
	tracer.Process(t.Context(), m, nothing)
	for _, name := range []string{"messaging.client.operation.duration", "messaging.process.duration"} {
		mustHave(t, name, oteltest.Map(sdk.Seconds(t, name)[0].Attributes.ToSlice()), "messaging.destination.partition.id", "7")
	}
}

func TestSeriesAreBounded(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := adapter.NewTracer(options(sdk)...)
	for i := range 3000 {
		_, end := tracer.StartSend(t.Context(), &kafkatrace.Message{Topic: fmt.Sprint("quotes-", i)})
		end(nil)
		tracer.SetLag("quotes", int32(i), 1)
	}
	for _, name := range []string{"messaging.client.sent.messages", "kafka.producer.records_sent_total"} {
		sum := sdk.Metric(t, name).(metricdata.Sum[int64])
		if n := len(sum.DataPoints); n > 1001 || total(t, sdk, name) != 3000 {
			t.Errorf("%s: got %d series with a total of %d", name, n, total(t, sdk, name))
		}
	}
	if n := len(lags(t, sdk)); n != 1000 {
		t.Errorf("got the lag of %d partitions, want 1000", n)
	}
}

// lags returns the lag of each partition. The keys are <topic>/<partition>/<client ID>.
func lags(tb testing.TB, sdk *oteltest.SDK) map[string]int64 {
	tb.Helper()
	gauge, _ := sdk.Metric(tb, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
	of := map[string]int64{}
	for _, point := range gauge.DataPoints {
		attrs := oteltest.Map(point.Attributes.ToSlice())
		of[attrs["topic"]+"/"+attrs["partition"]+"/"+attrs["client-id"]] = point.Value
	}
	return of
}

func mustLag(tb testing.TB, what string, sdk *oteltest.SDK, want map[string]int64) {
	tb.Helper()
	got := lags(tb, sdk)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestLag(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := adapter.NewTracer(options(sdk, kafkatrace.WithAttributes(semconv.MessagingClientID("me")))...)
	tracer.SetLag("quotes", 0, 10)
	tracer.SetLag("quotes", 0, 3)
	tracer.SetLag("quotes", 1, -1)
	mustLag(t, "the greatest", sdk, map[string]int64{"quotes/0/me": 10, "quotes/1/me": 0})
	mustLag(t, "the latest", sdk, map[string]int64{"quotes/0/me": 3, "quotes/1/me": 0})
	tracer.RetainLag(func(yield func(string, int32) bool) { yield("quotes", 1) })
	mustLag(t, "what is left", sdk, map[string]int64{"quotes/1/me": 0})
	tracer.SetLag("quotes", 1, 7)
	tracer.SetLag("quotes", 1, 4)
	tracer.SetLag("quotes", 2, 9)
	tracer.Close()
	tracer.Close()
	mustLag(t, "closed", sdk, map[string]int64{"quotes/1/me": 7})
	mustLag(t, "closed and reported", sdk, map[string]int64{})
	tracer.SetLag("quotes", 1, 5)
	mustLag(t, "closed for ever", sdk, map[string]int64{})
}

// TestLagOfTwoConsumers checks two consumers that have the same partition, one after the other.
// Only the lag of the open consumer must be reported.
func TestLagOfTwoConsumers(t *testing.T) {
	sdk := oteltest.New(t)
	first, second := adapter.NewTracer(options(sdk)...), adapter.NewTracer(options(sdk)...)
	first.SetLag("quotes", 0, 10)
	first.SetLag("quotes", 1, 20)
	second.SetLag("quotes", 0, 3)
	first.Close()
	mustLag(t, "first closed", sdk, map[string]int64{"quotes/0/": 3, "quotes/1/": 20})
	second.Close()
	mustLag(t, "both closed", sdk, map[string]int64{"quotes/0/": 3})
	mustLag(t, "reported", sdk, map[string]int64{})
}

func TestLagBeforeTheSDK(t *testing.T) {
	tracer := adapter.NewTracer()
	tracer.SetLag("quotes", 0, 10)
	sdk := oteltest.New(t)
	sdk.Install(t)
	tracer.Process(t.Context(), &kafkatrace.Message{Topic: "quotes"}, nothing)
	mustLag(t, "later", sdk, map[string]int64{"quotes/0/": 10})
}

// card contains the metrics for the Kafka card of Nais APM. The keys are the names in
// OpenTelemetry, and the values are the names in Prometheus. The exception is the last entry,
// which the card does not read. Its name is the name that the OpenTelemetry agent for Java
// uses.
var card = map[string]string{
	"kafka.consumer.records_lag_max":        "kafka_consumer_records_lag_max",
	"kafka.consumer.records_consumed_total": "kafka_consumer_records_consumed_total",
	"kafka.producer.records_sent_total":     "kafka_producer_records_sent_total",
	"kafka.producer.record_send_total":      "kafka_producer_record_send_total",
}

func TestCardInPrometheus(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	tracer := adapter.NewTracer(kafkatrace.WithMeterProvider(provider))
	m, _ := record()
	_, end := tracer.StartSend(t.Context(), m)
	end(nil)
	tracer.SetLag("quotes", 0, 1)
	tracer.Process(t.Context(), m, nothing)
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var kind otlptranslator.MetricType = otlptranslator.MetricTypeMonotonicCounter
			if _, gauge := m.Data.(metricdata.Gauge[int64]); gauge {
				kind = otlptranslator.MetricTypeGauge
			}
			namer := otlptranslator.MetricNamer{WithMetricSuffixes: true}
			name, err := namer.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: kind})
			if err != nil {
				t.Error(err)
			}
			found[m.Name] = name
		}
	}
	for name, want := range card {
		if got := found[name]; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	labels := otlptranslator.LabelNamer{}
	if got, err := labels.Build("client-id"); got != "client_id" {
		t.Errorf("client-id: got %q, %v", got, err)
	}
}
