//go:build !race

package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

const point = "SELECT id, name FROM orders WHERE id = $1"

func plain() driver.Connector {
	return (&sqltest.DB{
		Conn: sqltest.ConnAll &^ (sqltest.ConnExecer | sqltest.ConnQueryer | sqltest.ConnChecker), Stmt: sqltest.StmtAll,
		Rows: sqltest.RowsScanType | sqltest.RowsTypeName, Returned: 3, Quiet: true,
	}).Connector()
}

func queryAllocs(t *testing.T, db *sql.DB) float64 {
	t.Helper()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	return testing.AllocsPerRun(1000, func() {
		rows, err := db.QueryContext(ctx, point, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			continue
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	})
}

func execAllocs(t *testing.T, db *sql.DB) float64 {
	t.Helper()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	return testing.AllocsPerRun(1000, func() {
		if _, err := db.ExecContext(ctx, "UPDATE orders SET name = $1 WHERE id = 1", 1); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAllocations(t *testing.T) {
	bare := sql.OpenDB(plain())
	defer bare.Close()
	driverQuery, driverExec := queryAllocs(t, bare), execAllocs(t, bare)
	silent := []sqltrace.Option{
		sqltrace.WithTracerProvider(tracenoop.NewTracerProvider()), sqltrace.WithMeterProvider(metricnoop.NewMeterProvider()),
	}
	for _, test := range []struct {
		name        string
		opts        []sqltrace.Option
		query, exec float64 // the allocations that may be added to those of the driver
	}{
		{"no SDK", silent, 0, 0},
		{"never sampled", options(oteltest.NewSilent(t, sdktrace.NeverSample())), 4, 4},
		{"always sampled", options(oteltest.NewSilent(t, sdktrace.AlwaysSample())), 7, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := open(t, plain(), test.opts...)
			if got := queryAllocs(t, db) - driverQuery; got > test.query {
				t.Errorf("query: %v allocations more than the driver, want at most %v", got, test.query)
			} else {
				t.Logf("query: %v allocations", got)
			}
			if got := execAllocs(t, db) - driverExec; got > test.exec {
				t.Errorf("exec: %v allocations more than the driver, want at most %v", got, test.exec)
			} else {
				t.Logf("exec: %v allocations", got)
			}
		})
	}
}
