package integration

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	uptrace "github.com/uptrace/opentelemetry-go-extra/otelsql"
	nhat "go.nhat.io/otelsql"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// sqlFake returns a connector for a driver that does almost no work. The driver has the same
// interfaces as pgx's driver.
func sqlFake() driver.Connector {
	return (&sqltest.DB{
		Conn: sqltest.ConnAll &^ (sqltest.ConnExecer | sqltest.ConnQueryer | sqltest.ConnChecker),
		Stmt: sqltest.StmtAll, Returned: 3, Quiet: true,
	}).Connector()
}

// sqlAttributes contains the attributes of the database. Every library gets these attributes
// as an option.
var sqlAttributes = []attribute.KeyValue{
	semconv.DBSystemNamePostgreSQL, semconv.DBNamespace("shop"), semconv.ServerAddress("db.example"), semconv.ServerPort(5432),
}

// sqlLibraries lists the libraries. Each function opens the database with its library. Only
// the last library in the list records metrics.
var sqlLibraries = []struct {
	name string
	open func(b *testing.B, s sdk) *sql.DB
}{
	{"bare", func(*testing.B, sdk) *sql.DB { return sql.OpenDB(sqlFake()) }},
	{"spor", func(_ *testing.B, s sdk) *sql.DB {
		return sqltrace.OpenDB(sqlFake(), sqltrace.WithTracerProvider(s.tp), sqltrace.WithMeterProvider(metricnoop.NewMeterProvider()),
			sqltrace.WithAttributes(sqlAttributes...))
	}},
	{"otelsql", func(_ *testing.B, s sdk) *sql.DB {
		return otelsql.OpenDB(sqlFake(), otelsql.WithTracerProvider(s.tp), otelsql.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelsql.WithAttributes(sqlAttributes...))
	}},
	{"otelsql-quiet", func(_ *testing.B, s sdk) *sql.DB {
		return otelsql.OpenDB(sqlFake(), otelsql.WithTracerProvider(s.tp), otelsql.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelsql.WithAttributes(sqlAttributes...), otelsql.WithSpanOptions(otelsql.SpanOptions{
				OmitConnResetSession: true, OmitConnPrepare: true, OmitRows: true, OmitConnectorConnect: true, DisableErrSkip: true,
			}))
	}},
	{"uptrace", func(_ *testing.B, s sdk) *sql.DB {
		return uptrace.OpenDB(sqlFake(), uptrace.WithTracerProvider(s.tp), uptrace.WithMeterProvider(metricnoop.NewMeterProvider()),
			uptrace.WithAttributes(sqlAttributes...))
	}},
	{"uptrace-same", func(_ *testing.B, s sdk) *sql.DB { // has the attributes that spor reads from the query
		return uptrace.OpenDB(sqlFake(), uptrace.WithTracerProvider(s.tp), uptrace.WithMeterProvider(metricnoop.NewMeterProvider()),
			uptrace.WithAttributes(slices.Concat(sqlAttributes, []attribute.KeyValue{
				semconv.DBOperationName("SELECT"), semconv.DBCollectionName("orders"), semconv.DBQuerySummary("SELECT orders"),
			})...))
	}},
	{"nhatthm", func(b *testing.B, s sdk) *sql.DB {
		b.Helper()
		wrap := nhat.Wrap(sqlFake().Driver(), nhat.WithTracerProvider(s.tp), nhat.WithMeterProvider(metricnoop.NewMeterProvider()),
			nhat.WithDefaultAttributes(sqlAttributes...), nhat.AllowRoot(), nhat.TraceQueryWithoutArgs())
		return sql.OpenDB(driverConnector{wrap})
	}},
	{"spor-setup", func(_ *testing.B, s sdk) *sql.DB { // as under setup: the sampler does not read attributes
		if provider, ok := s.tp.(*sdktrace.TracerProvider); ok {
			s.tp = oteltest.AttributesAtEnd(provider)
		}
		return sqltrace.OpenDB(sqlFake(), sqltrace.WithTracerProvider(s.tp), sqltrace.WithMeterProvider(metricnoop.NewMeterProvider()),
			sqltrace.WithAttributes(sqlAttributes...))
	}},
	{"spor-measured", func(_ *testing.B, s sdk) *sql.DB {
		return sqltrace.OpenDB(sqlFake(), sqltrace.WithTracerProvider(s.tp), sqltrace.WithMeterProvider(s.mp),
			sqltrace.WithAttributes(sqlAttributes...))
	}},
}

type driverConnector struct{ d driver.Driver }

func (c driverConnector) Connect(context.Context) (driver.Conn, error) { return c.d.Open("") }
func (c driverConnector) Driver() driver.Driver                        { return c.d }

var sqlStates = []struct {
	name    string
	sampler sdktrace.Sampler
}{
	{"always", sdktrace.AlwaysSample()},
	{"never", sdktrace.NeverSample()},
	{"no-SDK", nil},
}

func benchmarkSQL(b *testing.B, run func(ctx context.Context, db *sql.DB) error) {
	b.Helper()
	for _, state := range sqlStates {
		for _, library := range sqlLibraries {
			b.Run("state="+state.name+"/lib="+library.name, func(b *testing.B) {
				db := library.open(b, newSDK(b, state.sampler))
				defer db.Close()
				db.SetMaxOpenConns(1)
				ctx := context.Background()
				b.ReportAllocs()
				begin := cpuTime(b)
				for b.Loop() {
					if err := run(ctx, db); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpuTime returns the processor time that the process has used so far. On a machine with other
// programs, processor time varies less than the time of the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkSQLQuery(b *testing.B) {
	benchmarkSQL(b, func(ctx context.Context, db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "SELECT id, name FROM orders WHERE id = $1", 1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			continue
		}
		return rows.Err()
	})
}

func BenchmarkSQLExec(b *testing.B) {
	benchmarkSQL(b, func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, "UPDATE orders SET name = $1 WHERE id = 1", 1)
		return err
	})
}

// BenchmarkSpanAlone measures only the SDK, without a library or a database. Its spans have
// the same number of attributes as the spans of uptrace or the spans of spor. A name such as
// 8+1 means that 8 attributes are set at the start of the span and 1 at the end.
func BenchmarkSpanAlone(b *testing.B) {
	nine := slices.Concat(sqlAttributes, []attribute.KeyValue{
		semconv.DBOperationName("SELECT"), semconv.DBCollectionName("orders"), semconv.DBQuerySummary("SELECT orders"),
		semconv.DBQueryText("SELECT id, name FROM orders WHERE id = $1"), semconv.DBResponseReturnedRows(3),
	})
	client := trace.WithSpanKind(trace.SpanKindClient)
	for _, span := range []struct {
		name  string
		start []trace.SpanStartOption
		end   []attribute.KeyValue
	}{
		{"5+0", []trace.SpanStartOption{client, trace.WithAttributes(nine[:5]...)}, nil},
		{"8+1", []trace.SpanStartOption{client, trace.WithAttributes(nine[:8]...)}, nine[8:]},
		{"0+9", []trace.SpanStartOption{client}, nine},
	} {
		b.Run("attributes="+span.name, func(b *testing.B) {
			tracer := newSDK(b, sdktrace.AlwaysSample()).tp.Tracer("alone")
			ctx := context.Background()
			b.ReportAllocs()
			begin := cpuTime(b)
			for b.Loop() {
				_, s := tracer.Start(ctx, "SELECT orders", span.start...)
				s.SetAttributes(span.end...)
				s.End()
			}
			b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
		})
	}
}
