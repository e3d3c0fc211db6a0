package sqltrace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

func TestDuration(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, query string) error {
		if op == "conn.ExecContext" && strings.HasPrefix(query, "DELETE") {
			return stateError{"23503"}
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk, sqltrace.WithAttributes(attribute.String("db.namespace", "shop")))...)
	for range 3 {
		if err := query(t.Context(), db, "SELECT * FROM orders"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("DELETE FROM orders"); err == nil {
		t.Fatal("no error")
	}
	points := sdk.Seconds(t, "db.client.operation.duration")
	got := map[string]uint64{}
	for _, p := range points {
		got[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Count
	}
	want := map[string]uint64{
		"db.collection.name=orders,db.namespace=shop,db.operation.name=SELECT,db.system.name=postgresql":                                                3,
		"db.collection.name=orders,db.namespace=shop,db.operation.name=DELETE,db.response.status_code=23503,db.system.name=postgresql,error.type=23503": 1,
	}
	for series, count := range want {
		if got[series] != count {
			t.Errorf("%s: got %d, want %d (of %v)", series, got[series], count, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

// TestUnknownSystem checks an unknown database. Its system must be other_sql, and the name
// of its pool must also be other_sql.
func TestUnknownSystem(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider))
	if err := query(t.Context(), db, ""); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client other_sql")
	wantAttributes(t, sdk.Only(t), map[string]string{"db.system.name": "other_sql"})
	if got := sdk.Sums(t, "db.client.connection.count", "db.client.connection.pool.name"); len(got) != 1 || got["other_sql"] != 1 {
		t.Errorf("pools: %v", got)
	}
}

// TestDurationHasExemplarOfSpan checks that the exemplar of a duration refers to the span
// of the statement, not to the parent span.
func TestDurationHasExemplarOfSpan(t *testing.T) {
	sdk := oteltest.New(t)
	reader := sdkmetric.NewManualReader()
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithExemplarFilter(exemplar.AlwaysOnFilter))
	defer mp.Shutdown(context.Background())
	db := open(t, full().Connector(), sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(mp))
	if _, err := db.Exec("DELETE FROM orders"); err != nil {
		t.Fatal(err)
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name != "db.client.operation.duration" {
			continue
		}
		exemplars := m.Data.(metricdata.Histogram[float64]).DataPoints[0].Exemplars
		want := sdk.Only(t).SpanContext().SpanID()
		if len(exemplars) != 1 || string(exemplars[0].SpanID) != string(want[:]) {
			t.Errorf("exemplars %v, want span %v", exemplars, want)
		}
		return
	}
	t.Error("not measured")
}

func TestPool(t *testing.T) {
	for _, test := range []struct{ optIn, legacy string }{{"", "yes"}, {"database/dup", "yes"}, {"database", ""}, {"http", "yes"}} {
		t.Run("opt in "+test.optIn, func(t *testing.T) {
			t.Setenv("OTEL_SEMCONV_STABILITY_OPT_IN", test.optIn)
			sdk := oteltest.New(t)
			db := sqltrace.OpenDB(full().Connector(), options(sdk, sqltrace.WithAttributes(
				attribute.String("db.client.connection.pool.name", "reader")))...)
			defer db.Close()
			db.SetMaxOpenConns(5)
			first, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			second, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			second.Close()

			stable := sdk.Sums(t, "db.client.connection.count", "db.client.connection.state")
			if stable["used"] != 1 || stable["idle"] != 1 || sdk.Sums(t, "db.client.connection.max", "db.client.connection.pool.name")["reader"] != 5 {
				t.Errorf("stable: %v", stable)
			}
			created := sdk.Seconds(t, "db.client.connection.create_time")
			if len(created) != 1 || created[0].Count != 2 || created[0].Sum > 60 {
				t.Errorf("create_time %v", created)
			}
			legacy := sdk.Sums(t, "db.client.connections.usage", "state")
			created = sdk.Seconds(t, "db.client.connections.create_time")
			if test.legacy == "" {
				if len(legacy) != 0 || len(created) != 0 {
					t.Errorf("legacy %v, %v", legacy, created)
				}
				return
			}
			if legacy["used"] != 1 || legacy["idle"] != 1 || sdk.Sums(t, "db.client.connections.max", "pool.name")["reader"] != 5 {
				t.Errorf("legacy: %v", legacy)
			}
			if len(created) != 1 || created[0].Count != 2 {
				t.Errorf("create_time %v", created)
			}
		})
	}
}

func TestPoolWithoutBoundHasNoMaximum(t *testing.T) {
	sdk := oteltest.New(t)
	open(t, full().Connector(), options(sdk)...)
	if got := sdk.Sums(t, "db.client.connection.max", "x"); len(got) != 0 {
		t.Errorf("max %v", got)
	}
	if got := sdk.Sums(t, "db.client.connection.count", "db.client.connection.pool.name"); len(got) != 1 {
		t.Errorf("pools %v", got)
	}
}

// TestWaitTime checks the wait times that are calculated from the statistics of
// database/sql.
func TestWaitTime(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, (&sqltest.DB{Conn: sqltest.ConnAll}).Connector(), options(sdk)...)
	db.SetMaxOpenConns(1)
	for range 3 {
		busy, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waits := db.Stats().WaitCount
		done := make(chan error)
		go func() { _, err := db.Exec("DELETE FROM orders"); done <- err }()
		oteltest.Eventually(t, func() bool { return db.Stats().WaitCount > waits })
		busy.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for name, unit := range map[string]float64{"db.client.connection.wait_time": 1, "db.client.connections.wait_time": 1000} {
		points := sdk.Seconds(t, name)
		want := db.Stats().WaitDuration.Seconds() * unit
		if len(points) != 1 || points[0].Count < 3 || points[0].Sum < 0.99*want || points[0].Sum > 1.01*want {
			t.Errorf("%s: %v, want at least 3 and %v", name, points, want)
		}
	}
}

// TestNewTablesKeepTheSeriesOfOthers checks a program that creates tables with new names. Its other
// tables still have series, and the spans have the names of all tables.
func TestNewTablesKeepTheSeriesOfOthers(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	for i := range 3000 {
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf("CREATE TEMP TABLE import_%08x (id int)", i*7919+0x10000000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := query(t.Context(), db, "SELECT id FROM orders"); err != nil {
		t.Fatal(err)
	}
	measured := map[string]uint64{}
	for _, point := range sdk.Seconds(t, "db.client.operation.duration") {
		measured[oteltest.Map(point.Attributes.ToSlice())["db.collection.name"]] += point.Count
	}
	if len(measured) != 2 || measured["import_?"] != 3000 || measured["orders"] != 1 {
		t.Errorf("measured %v", measured)
	}
	wantAttributes(t, sdk.Ended()[0], map[string]string{"db.collection.name": "import_10000000"})
}

// TestWaitTimeFromTheStart checks that the wait time has a series although no caller has waited.
func TestWaitTimeFromTheStart(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	if err := query(t.Context(), db, "SELECT id FROM orders"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, name := range []string{"db.client.connection.wait_time", "db.client.connections.wait_time"} {
			points := sdk.Seconds(t, name)
			if len(points) != 1 || points[0].Count == 0 || points[0].Sum != 0 {
				t.Errorf("%s: measured %v, want one series of zeros", name, points)
			}
		}
	}
}
