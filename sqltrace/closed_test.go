package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// connections returns the series of db.client.connection.count, such as shop/used.
func connections(t *testing.T, sdk *oteltest.SDK) map[string]int64 {
	t.Helper()
	return oteltest.Points(sdk.Metric(t, "db.client.connection.count"))
}

// TestPoolIsMeasuredUntilItWasReported checks a pool that is closed before its first collection.
// Its last values must be reported exactly once.
func TestPoolIsMeasuredUntilItWasReported(t *testing.T) {
	sdk := oteltest.New(t)
	db := sqltrace.OpenDB(full().Connector(), options(sdk, named("shop"))...)
	db.SetMaxOpenConns(7)
	db.SetMaxIdleConns(5)
	used, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	idle := make([]*sql.Conn, 3)
	for i := range idle {
		if idle[i], err = db.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range idle {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // a second Close changes nothing
		t.Fatal(err)
	}
	all := map[string]map[string]int64{}
	for _, m := range sdk.Metrics(t, "") {
		all[m.Name] = oteltest.Points(m.Data)
	}
	for name, want := range map[string]string{
		"db.client.connection.count":  "map[shop/idle:3 shop/used:1]",
		"db.client.connections.usage": "map[shop/idle:3 shop/used:1]",
		"db.client.connection.max":    "map[shop:7]",
		"db.client.connections.max":   "map[shop:7]",
	} {
		if got := fmt.Sprint(all[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := connections(t, sdk); len(got) != 0 {
		t.Errorf("still reported after the first collection: %v", got)
	}
}

// TestLastWaitsAreRecorded checks a pool that is closed before its first collection, after a
// caller has waited without a result. The wait must be recorded.
func TestLastWaitsAreRecorded(t *testing.T) {
	sdk := oteltest.New(t)
	db := sqltrace.OpenDB((&sqltest.DB{Conn: sqltest.ConnAll}).Connector(), options(sdk)...)
	db.SetMaxOpenConns(1)
	busy, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := db.Conn(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want %v", err, context.DeadlineExceeded)
	}
	want := db.Stats().WaitDuration.Seconds()
	if err := errors.Join(busy.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	points := sdk.Seconds(t, "db.client.connection.wait_time")
	if len(points) != 1 || points[0].Count != 1 || points[0].Sum < 0.99*want || points[0].Sum > 1.01*want {
		t.Errorf("got %v, want one wait of %v s", points, want)
	}
}

// TestPoolThatIsOpenedAgain checks two pools with the same name. Only the values of the open
// pool must be reported.
func TestPoolThatIsOpenedAgain(t *testing.T) {
	sdk := oteltest.New(t)
	open := func() *sql.DB {
		db := sqltrace.OpenDB(full().Connector(), options(sdk, named("shop"))...)
		if err := query(t.Context(), db, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		return db
	}
	first := open()
	first.SetMaxOpenConns(7)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open()
	if got, want := fmt.Sprint(connections(t, sdk)), "map[shop/idle:1 shop/used:0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	third := open() // two open pools with the same name are added
	if got, want := fmt.Sprint(connections(t, sdk)), "map[shop/idle:2 shop/used:0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, db := range []*sql.DB{second, third} {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(connections(t, sdk)), "map[shop/idle:1 shop/used:0]"; got != want {
		t.Errorf("closed: got %s, want %s", got, want)
	}
	if got := connections(t, sdk); len(got) != 0 {
		t.Errorf("still reported: %v", got)
	}
}

// TestPoolsAreClosedDuringCollections closes pools while metrics are collected. Each pool must
// be reported at least once.
func TestPoolsAreClosedDuringCollections(t *testing.T) {
	sdk := oteltest.New(t)
	const pools = 50
	var closing sync.WaitGroup
	for i := range pools {
		closing.Go(func() {
			db := sqltrace.OpenDB(full().Connector(), options(sdk, named(fmt.Sprint("pool", i)))...)
			if err := query(context.Background(), db, "SELECT 1"); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all := make(chan struct{})
	go func() { closing.Wait(); close(all) }()
	reported := map[string]bool{}
	collect := func() {
		for of := range connections(t, sdk) {
			reported[of] = true
		}
	}
	for ended := false; !ended; {
		select {
		case <-all:
			ended = true
		default:
		}
		collect()
	}
	if len(reported) != 2*pools {
		t.Errorf("%d series were reported, want %d", len(reported), 2*pools)
	}
}

func named(name string) sqltrace.Option {
	return sqltrace.WithAttributes(attribute.String("db.client.connection.pool.name", name))
}

// A gate is a connector. While the gate is closed, Connect waits.
type gate struct {
	driver.Connector
	waiting chan struct{} // receives a value when Connect waits
	open    chan struct{}
}

func (g gate) Connect(ctx context.Context) (driver.Conn, error) {
	select {
	case g.waiting <- struct{}{}:
		<-g.open
	default:
	}
	return g.Connector.Connect(ctx)
}

// TestConnectionIsClosedUnderTheLockOfThePool checks a connection that database/sql opens for a
// waiting caller, and closes immediately because the caller has gone or the pool is closed.
// database/sql holds the lock of the pool when it closes this connection.
func TestConnectionIsClosedUnderTheLockOfThePool(t *testing.T) {
	for name, end := range map[string]func(*sql.DB) error{
		"the pool is closed":       func(db *sql.DB) error { return db.Close() },
		"no caller waits any more": func(*sql.DB) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			g := gate{full().Connector(), make(chan struct{}), make(chan struct{})}
			db := sqltrace.OpenDB(g, options(sdk)...)
			db.SetMaxOpenConns(1)
			db.SetMaxIdleConns(-1)
			used, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			left := make(chan struct{})
			go func() {
				defer close(left)
				_, _ = db.Conn(ctx)
			}()
			oteltest.Eventually(t, func() bool { return db.Stats().WaitCount == 1 })
			// The connection is bad, so database/sql opens another one for the waiting caller.
			go func() { _ = used.Raw(func(any) error { return driver.ErrBadConn }) }()
			<-g.waiting
			leave()
			<-left
			if err := end(db); err != nil {
				t.Error(err)
			}
			close(g.open)
			alive := make(chan struct{})
			go func() {
				defer close(alive)
				for db.Stats().OpenConnections > 0 {
					<-time.After(time.Millisecond)
				}
			}()
			select {
			case <-alive:
			case <-time.After(20 * time.Second):
				t.Fatal("the pool hangs")
			}
			if got := connections(t, sdk)["/idle"]; got != 0 {
				t.Errorf("idle connections: got %d, want none", got)
			}
		})
	}
}
