package sqltrace_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// TestRowsEndTheirSpan checks different ways to end the reading of rows. Each time, the
// span must end once and have the number of rows.
func TestRowsEndTheirSpan(t *testing.T) {
	for _, test := range []struct {
		name, rows, kind string
		failed           bool
		read             func(t *testing.T, db *sql.DB)
	}{
		{"exhausted", "2", "", false, func(t *testing.T, db *sql.DB) {
			t.Helper()
			rows, err := db.Query("SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				continue
			}
		}},
		{"closed early and twice", "1", "", false, func(t *testing.T, db *sql.DB) {
			t.Helper()
			rows, err := db.Query("SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() || rows.Close() != nil || rows.Close() != nil {
				t.Error(rows.Err())
			}
		}},
		{"one row", "1", "", false, func(t *testing.T, db *sql.DB) {
			t.Helper()
			var id, name any
			if err := db.QueryRow("SELECT 1").Scan(&id, &name); err != nil {
				t.Error(err)
			}
		}},
		{"canceled", "1", "canceled", false, func(t *testing.T, db *sql.DB) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			rows, err := db.QueryContext(ctx, "SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() {
				t.Error(rows.Err())
			}
			cancel()
			synctest.Wait()
			if rows.Next() || !errors.Is(rows.Err(), context.Canceled) {
				t.Error(rows.Err())
			}
		}},
		{"timeout", "1", "timeout", true, func(t *testing.T, db *sql.DB) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			rows, err := db.QueryContext(ctx, "SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() {
				t.Error(rows.Err())
			}
			<-ctx.Done()
			synctest.Wait()
		}},
		{"broken off", "1", "57P01", true, func(t *testing.T, db *sql.DB) {
			t.Helper()
			if err := query(t.Context(), db, "break"); err == nil {
				t.Error("no error")
			}
		}},
		{"broken off after an hour", "1", "57P01", true, func(t *testing.T, db *sql.DB) {
			t.Helper()
			rows, err := db.Query("break")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				<-time.After(time.Hour)
			}
			if rows.Err() == nil {
				t.Error("no error")
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			synctest.Test(t, func(t *testing.T) {
				fake := full()
				read := 0
				fake.Hook = func(_ context.Context, op, query string) error {
					if op == "rows.Next" && query == "break" {
						if read++; read == 2 {
							return stateError{"57P01"}
						}
					}
					return nil
				}
				db := open(t, fake.Connector(), options(sdk)...)
				begin := time.Now()
				test.read(t, db)
				span := sdk.Only(t)
				wantAttributes(t, span, map[string]string{"db.response.returned_rows": test.rows, "error.type": test.kind})
				if got := span.Status().Code == codes.Error; got != test.failed {
					t.Errorf("status %v", span.Status())
				}
				points := sdk.Seconds(t, "db.client.operation.duration")
				if len(points) != 1 || points[0].Count != 1 {
					t.Fatalf("measured %v", points)
				}
				if got := oteltest.Map(points[0].Attributes.ToSlice())["error.type"]; got != test.kind {
					t.Errorf("measured error.type %q, want %q", got, test.kind)
				}
				// The time in which the program reads the rows is not part of the span.
				if got := span.EndTime(); !got.Equal(begin) {
					t.Errorf("ended %v after the beginning", got.Sub(begin))
				}
				<-time.After(time.Minute) // all timers have fired after this time
			})
			if n := len(sdk.Ended()); n != 1 {
				t.Errorf("%d spans ended", n)
			}
		})
	}
}

func TestLostRowsEndTheirSpan(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		db := open(t, full().Connector(), options(sdk)...)
		held, err := db.Query("SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Query("SELECT 2"); err != nil {
			t.Fatal(err)
		}
		<-time.After(6 * time.Second)
		synctest.Wait()
		for deadline := time.Now().Add(time.Hour); len(sdk.Ended()) == 0 && time.Now().Before(deadline); {
			runtime.GC()
			<-time.After(time.Second)
		}
		if len(sdk.Ended()) == 0 {
			t.Fatal("no span ended")
		}
		wantAttributes(t, sdk.Ended()[0], map[string]string{"db.response.returned_rows": "", "error.type": ""})
		if err := held.Close(); err != nil {
			t.Error(err)
		}
	})
	runtime.GC()
	if n := len(sdk.Ended()); n != 2 {
		t.Errorf("%d spans ended", n)
	}
	points := sdk.Seconds(t, "db.client.operation.duration")
	if len(points) != 1 || points[0].Count != 2 {
		t.Errorf("measured %v", points)
	}
}

func TestLostRowsOfPreparedStatementEndTheirSpan(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		func() {
			db := sqltrace.OpenDB(full().Connector(), options(sdk)...)
			defer db.Close()
			stmt, err := db.Prepare("SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			defer stmt.Close()
			if _, err := stmt.Query(); err != nil {
				t.Fatal(err)
			}
		}()
		<-time.After(6 * time.Second)
		synctest.Wait()
	})
	oteltest.Eventually(t, func() bool {
		runtime.GC()
		return len(sdk.Ended()) == 1
	})
}

func TestRowsOfSeveralResultsAreCounted(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, (&sqltest.DB{Conn: sqltest.ConnAll, Rows: sqltest.RowsAll, Returned: 2}).Connector(), options(sdk)...)
	if err := query(t.Context(), db, "SELECT 1; SELECT 2"); err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, sdk.Only(t), map[string]string{"db.response.returned_rows": "4"})
}

// TestNothingIsLeaked checks that no goroutine, connection or span is leaked. It executes
// many statements at the same time. Some of the statements are canceled, and the rows of the
// others are read.
func TestNothingIsLeaked(t *testing.T) {
	sdk := oteltest.New(t)
	before := runtime.NumGoroutine()
	fake := full()
	db := open(t, fake.Connector(), options(sdk)...)
	done := make(chan error)
	for i := range 8 {
		go func() {
			var err error
			for range 50 {
				ctx, cancel := context.WithCancel(t.Context())
				rows, e := db.QueryContext(ctx, "SELECT * FROM orders")
				if e != nil {
					err = errors.Join(err, e)
				} else if i%2 == 0 {
					cancel()
					rows.Close()
				} else {
					err = errors.Join(err, readAll(rows))
				}
				cancel()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	oteltest.Eventually(t, func() bool { return sdk.Started() == len(sdk.Ended()) && fake.Open() == 0 })
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 })
	queries := 0
	for _, span := range sdk.Ended() {
		switch span.Name() {
		case "SELECT orders":
			queries++
		case "connect": // on a busy machine, eight connections at the same time may take 100 ms
		default:
			t.Errorf("span %q", span.Name())
		}
	}
	if queries != 400 {
		t.Errorf("%d spans of queries, want 400", queries)
	}
}
