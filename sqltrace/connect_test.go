package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

func init() {
	sql.Register("postgres-fake", sqltest.Driver{DB: full()})
	sql.Register("fails-to-open", failing{})
}

type failing struct{ driver.Driver }

func (failing) OpenConnector(string) (driver.Connector, error) { return nil, errOpen }

var errOpen = errors.New("no such thing")

func TestConnect(t *testing.T) {
	for _, test := range []struct {
		name   string
		takes  time.Duration
		err    error
		spans  []string
		status codes.Code
	}{
		{"fast", 0, nil, nil, codes.Unset},
		{"slow", 150 * time.Millisecond, nil, []string{"internal connect"}, codes.Unset},
		{"fails", 0, stateError{"28P01"}, []string{"internal connect"}, codes.Error},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			synctest.Test(t, func(t *testing.T) {
				fake := full()
				fake.Hook = func(_ context.Context, op, _ string) error {
					if op != "connector.Connect" {
						return nil
					}
					if test.takes > 0 {
						<-time.After(test.takes)
					}
					return test.err
				}
				db := open(t, fake.Connector(), options(sdk)...)
				ctx, _ := parent(t, sdk)
				if err := db.PingContext(ctx); !errors.Is(err, test.err) {
					t.Error(err)
				}
				wantNames(t, sdk, test.spans...)
				for _, span := range sdk.Ended() {
					if span.Status().Code != test.status || span.EndTime().Sub(span.StartTime()) != test.takes || !span.Parent().IsValid() {
						t.Errorf("status %v, from %v to %v", span.Status(), span.StartTime(), span.EndTime())
					}
				}
			})
		})
	}
}

func TestConnectKeepsContext(t *testing.T) {
	fake := full()
	fake.Hook = func(ctx context.Context, op, _ string) error {
		if op == "connector.Connect" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	db := open(t, fake.Connector())
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := db.PingContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	sdk := oteltest.New(t)
	db, err := sqltrace.Open("postgres-fake", "postgres://bob:secret@db.example:5432/shop",
		sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider))
	if err != nil {
		t.Fatal(err)
	}
	if err := query(t.Context(), db, "SELECT * FROM orders"); err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, sdk.Only(t), map[string]string{
		"db.system.name": "postgresql", "server.address": "db.example", "server.port": "5432", "db.namespace": "shop",
	})
	if _, own := db.Driver().(sqltest.Driver); !own {
		t.Errorf("driver %T", db.Driver())
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenFailsAsSQLDoes(t *testing.T) {
	for _, name := range []string{"unknown", "fails-to-open"} {
		_, want := sql.Open(name, "x")
		if _, err := sqltrace.Open(name, "x"); err == nil || err.Error() != want.Error() {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestConnectorIsClosedOnce(t *testing.T) {
	fake := full()
	db := sqltrace.OpenDB(fake.Connector())
	if err := errors.Join(db.Ping(), db.Close()); err != nil {
		t.Fatal(err)
	}
	closed := 0
	for _, line := range fake.Log() {
		if line == sqltest.ConnectorClosed+"  []" {
			closed++
		}
	}
	if closed != 1 {
		t.Errorf("closed %d times", closed)
	}
}

func TestNothingIsRegistered(t *testing.T) {
	before := sql.Drivers()
	for range 2000 {
		db, err := sqltrace.Open("postgres-fake", "")
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
	}
	if got := sql.Drivers(); !reflect.DeepEqual(got, before) {
		t.Errorf("drivers %v", got)
	}
}

// TestDoubleWrapping checks that a statement makes only one span if its driver is wrapped
// twice.
func TestDoubleWrapping(t *testing.T) {
	for name, reopen := range map[string]func(sdk *oteltest.SDK) (*sql.DB, error){
		"driver of a driver": func(sdk *oteltest.SDK) (*sql.DB, error) {
			d := sqltrace.Driver(sqltrace.Driver(sqltest.Driver{DB: full()}, options(sdk)...), options(sdk)...)
			return openDriver(d)
		},
		"connector of a driver": func(sdk *oteltest.SDK) (*sql.DB, error) {
			c, err := sqltrace.Driver(sqltest.Driver{DB: full()}, options(sdk)...).(driver.DriverContext).OpenConnector("")
			return sqltrace.OpenDB(c, options(sdk)...), err
		},
		"registered driver": func(sdk *oteltest.SDK) (*sql.DB, error) {
			name := "traced-" + strconv.Itoa(len(sql.Drivers()))
			sql.Register(name, sqltrace.Driver(sqltest.Driver{DB: full()}, options(sdk)...))
			return sqltrace.Open(name, "", options(sdk)...)
		},
		"otelsql": func(sdk *oteltest.SDK) (*sql.DB, error) {
			d := otelsql.WrapDriver(sqltest.Driver{DB: full()}, otelsql.WithTracerProvider(sdk.TracerProvider),
				otelsql.WithSpanOptions(otelsql.SpanOptions{OmitRows: true}))
			return sqltrace.OpenDB(openConnector{d}, options(sdk)...), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var reported error
			previous := otel.GetErrorHandler()
			otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = err }))
			defer otel.SetErrorHandler(previous)
			sdk := oteltest.New(t)
			db, err := reopen(sdk)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec("DELETE FROM orders"); err != nil {
				t.Fatal(err)
			}
			sdk.Only(t)
			if (reported != nil) != (name == "otelsql") {
				t.Errorf("reported %v", reported)
			}
		})
	}
}

type openConnector struct{ d driver.Driver }

func (c openConnector) Connect(context.Context) (driver.Conn, error) { return c.d.Open("") }
func (c openConnector) Driver() driver.Driver                        { return c.d }

func openDriver(d driver.Driver) (*sql.DB, error) {
	c, err := d.(driver.DriverContext).OpenConnector("")
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

func TestUnwrap(t *testing.T) {
	sdk := oteltest.New(t)
	nested := otelsql.WrapDriver(sqltrace.Driver(sqltest.Driver{DB: full()}))
	for name, db := range map[string]*sql.DB{
		"one":    open(t, full().Connector(), options(sdk)...),
		"nested": open(t, openConnector{nested}),
		"none":   open(t, openConnector{sqltest.Driver{DB: full()}}),
	} {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Raw(func(driverConn any) error {
			if got := fmt.Sprintf("%T", sqltrace.Unwrap(driverConn)); len(got) < 20 || got[:22] != "struct { *sqltest.Conn" {
				return errors.New("got " + got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
}

// TestConnectionsHaveUnwrap checks that every connection has the method Unwrap, independent
// of its other methods. Drivers such as modernc.org/sqlite call Unwrap to find their own
// connection.
func TestConnectionsHaveUnwrap(t *testing.T) {
	for _, set := range []sqltest.ConnSet{
		0, sqltest.ConnExecer, sqltest.ConnQueryer, sqltest.ConnExecerContext, sqltest.ConnQueryerContext, sqltest.ConnAll,
	} {
		fake := full()
		fake.Conn = set
		c, err := open(t, fake.Connector()).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Raw(func(driverConn any) error {
			wrapper, ok := driverConn.(interface{ Unwrap() driver.Conn })
			if !ok {
				return errors.New("no method Unwrap")
			}
			if got, want := wrapper.Unwrap(), sqltrace.Unwrap(driverConn); got != want {
				return fmt.Errorf("got %T, want %T", got, want)
			}
			return nil
		}); err != nil {
			t.Errorf("%b: %v", set, err)
		}
		c.Close()
	}
}

func TestSDKThatComesLater(t *testing.T) {
	db := open(t, full().Connector())
	stmt, err := db.Prepare("DELETE FROM orders")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if _, err := stmt.Exec(); err != nil {
		t.Fatal(err)
	}
	sdk := oteltest.New(t)
	sdk.Install(t)
	if _, err := stmt.Exec(); err != nil {
		t.Fatal(err)
	}
	if err := query(t.Context(), db, "SELECT * FROM orders"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client DELETE orders", "client SELECT orders")
	if sdk.Metric(t, "db.client.connection.count") == nil {
		t.Error("the pool is not measured")
	}
}

func TestInvalidConnectionIsNotReused(t *testing.T) {
	fake := full()
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "conn.IsValid" {
			return errors.New("no")
		}
		return nil
	}
	db := open(t, fake.Connector())
	for range 2 {
		if _, err := db.Exec("DELETE FROM orders"); err != nil {
			t.Fatal(err)
		}
	}
	if n := fake.Open(); n != 0 {
		t.Errorf("%d connections kept", n)
	}
}
