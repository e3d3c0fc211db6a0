package observable_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/observable"
	"github.com/nais/spor/internal/oteltest"
)

// A source reports value under the attribute name in a sum and in a gauge.
type source struct {
	sum   metric.Int64ObservableUpDownCounter
	gauge metric.Float64ObservableGauge
	*observable.Source
}

func register(tb testing.TB, m metric.Meter, name string, value int64, state *observable.State) source {
	tb.Helper()
	var s source
	var err error
	if s.sum, err = m.Int64ObservableUpDownCounter("sum"); err != nil {
		tb.Fatal(err)
	}
	if s.gauge, err = m.Float64ObservableGauge("gauge"); err != nil {
		tb.Fatal(err)
	}
	s.Source, err = observable.Register(m, func(o metric.Observer) observable.State {
		o.ObserveInt64(s.sum, value, metric.WithAttributes(attribute.String("name", name)))
		o.ObserveFloat64(s.gauge, float64(value), metric.WithAttributes(attribute.String("name", name)))
		if state == nil {
			return observable.Open
		}
		return *state
	}, s.sum, s.gauge)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// collected returns the values of both metrics. It checks that they are equal.
func collected(tb testing.TB, sdk *oteltest.SDK) string {
	tb.Helper()
	sums, gauges := map[string]int64{}, map[string]int64{}
	for _, m := range sdk.Metrics(tb, "") {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			sums = oteltest.Points(data)
		case metricdata.Gauge[float64]:
			for _, point := range data.DataPoints {
				name, _ := point.Attributes.Value("name")
				gauges[name.AsString()] = int64(point.Value)
			}
		}
	}
	if fmt.Sprint(sums) != fmt.Sprint(gauges) {
		tb.Errorf("sums %v, gauges %v", sums, gauges)
	}
	return fmt.Sprint(sums)
}

func want(tb testing.TB, what string, sdk *oteltest.SDK, want string) {
	tb.Helper()
	if got := collected(tb, sdk); got != want {
		tb.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestLastValuesAreReportedOnce(t *testing.T) {
	sdk := oteltest.New(t)
	m := sdk.MeterProvider.Meter("scope")
	a, b := register(t, m, "a", 1, nil), register(t, m, "b", 2, nil)
	want(t, "open", sdk, "map[a:1 b:2]")
	a.Close()
	a.Close()
	want(t, "closed", sdk, "map[a:1 b:2]")
	want(t, "after that", sdk, "map[b:2]")
	b.Discard()
	b.Close()
	want(t, "discarded", sdk, "map[]")
}

func TestOpenSourceWins(t *testing.T) {
	sdk := oteltest.New(t)
	m := sdk.MeterProvider.Meter("scope")
	register(t, m, "a", 1, nil).Close()
	register(t, m, "a", 2, nil).Close()
	want(t, "closed last", sdk, "map[a:2]")
	older := register(t, m, "a", 3, nil)
	newer := register(t, m, "a", 4, nil)
	older.Close()
	want(t, "open", sdk, "map[a:4]")
	newer.Close()
	want(t, "closed", sdk, "map[a:4]")
	want(t, "after that", sdk, "map[]")
}

// TestStates checks sources that find out during a collection that they have ended.
func TestStates(t *testing.T) {
	sdk := oteltest.New(t)
	m := sdk.MeterProvider.Meter("scope")
	state := observable.Open
	register(t, m, "a", 1, &state)
	open := register(t, m, "a", 2, nil)
	state = observable.Ended
	want(t, "ended, but there is an open source", sdk, "map[a:2]")
	open.Discard()
	want(t, "ended", sdk, "map[a:1]")
	state = observable.Closed
	want(t, "closed", sdk, "map[a:1]")
	want(t, "after that", sdk, "map[]")
}

// TestReaders checks that two readers that collect at the same time report last values once.
func TestReaders(t *testing.T) {
	readers := []*sdkmetric.ManualReader{sdkmetric.NewManualReader(), sdkmetric.NewManualReader()}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(readers[0]), sdkmetric.WithReader(readers[1]))
	defer mp.Shutdown(context.Background())
	for range 100 {
		register(t, mp.Meter("scope"), "a", 1, nil).Close()
		var all [2]metricdata.ResourceMetrics
		var collecting sync.WaitGroup
		for i, reader := range readers {
			collecting.Go(func() {
				if err := reader.Collect(context.Background(), &all[i]); err != nil {
					t.Error(err)
				}
			})
		}
		collecting.Wait()
		if n := len(all[0].ScopeMetrics) + len(all[1].ScopeMetrics); n != 1 {
			t.Fatalf("%d readers got the last values, want 1", n)
		}
	}
}

// uncomparable is a meter that cannot be compared.
type uncomparable struct {
	metric.Meter

	_ []int
}

// TestUncomparableMeter checks that the sources of a meter that cannot be compared are observed
// until they are closed.
func TestUncomparableMeter(t *testing.T) {
	sdk := oteltest.New(t)
	m := uncomparable{Meter: sdk.MeterProvider.Meter("scope")}
	a, b := register(t, m, "a", 1, nil), register(t, m, "b", 2, nil)
	want(t, "open", sdk, "map[a:1 b:2]")
	a.Close()
	want(t, "closed", sdk, "map[b:2]")
	b.Discard()
	want(t, "discarded", sdk, "map[]")
}

// TestClosedSourcesAreBounded closes many sources that no reader collects, before and after an
// SDK is installed.
func TestClosedSourcesAreBounded(t *testing.T) {
	const sources, most = 10_000, 16 << 20
	sdk := oteltest.New(t)
	for name, m := range map[string]metric.Meter{
		"without an SDK": otel.GetMeterProvider().Meter("scope"), "with an SDK": sdk.MeterProvider.Meter("scope"),
	} {
		t.Run(name, func(t *testing.T) {
			for round, named := range map[string]func(int) string{
				"the same name":   func(int) string { return "pool" },
				"different names": func(i int) string { return fmt.Sprintf("pool %d of a long name", i) },
			} {
				before := heap()
				for i := range sources {
					register(t, m, named(i), 1, nil).Close()
				}
				if grown := heap() - before; grown > most {
					t.Errorf("%s: the heap has grown by %d bytes", round, grown)
				}
			}
			runtime.KeepAlive(m)
		})
	}
	if data, _ := sdk.Metric(t, "sum").(metricdata.Sum[int64]); len(data.DataPoints) == 0 {
		t.Error("no last value was reported")
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestProviderIsCollected checks that a meter provider that the program no longer uses is
// garbage-collected, even if it has open sources and last values.
func TestProviderIsCollected(t *testing.T) {
	collected := make(chan struct{})
	func() {
		mp := sdkmetric.NewMeterProvider()
		register(t, mp.Meter("scope"), "a", 1, nil)
		register(t, mp.Meter("scope"), "b", 1, nil).Close()
		runtime.AddCleanup(mp, func(done chan struct{}) { close(done) }, collected)
	}()
	oteltest.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-collected:
			return true
		default:
			return false
		}
	})
}

// TestMostLastValues checks how many last values wait for the next collection.
func TestMostLastValues(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
	defer mp.Shutdown(context.Background())
	for i := range 6000 {
		register(t, mp.Meter("scope"), strconv.Itoa(i), 1, nil).Close()
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			n += len(data.DataPoints)
		case metricdata.Gauge[float64]:
			n += len(data.DataPoints)
		}
	}
	if n != 10_000 {
		t.Errorf("%d series were reported, want 10000", n)
	}
}
