package pgxtrace_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// opened makes a pool with n connections, which are all idle.
var opened = map[string]func(t *testing.T, sdk *oteltest.SDK, n int) *pgxpool.Pool{
	"NewPoolWithConfig": func(t *testing.T, sdk *oteltest.SDK, n int) *pgxpool.Pool {
		t.Helper()
		pool, err := pgxtrace.NewPoolWithConfig(t.Context(), new(server).config(t, "pool_max_conns=7"), options(sdk)...)
		return connected(t, pool, err, n)
	},
	"Tracer": func(t *testing.T, sdk *oteltest.SDK, n int) *pgxpool.Pool {
		t.Helper()
		config := new(server).config(t, "pool_max_conns=7")
		config.ConnConfig.Tracer = pgxtrace.Tracer(options(sdk)...)
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		return connected(t, pool, err, n)
	},
	"idle from the start": func(t *testing.T, sdk *oteltest.SDK, n int) *pgxpool.Pool {
		t.Helper()
		config := new(server).config(t, fmt.Sprintf("pool_max_conns=7&pool_min_conns=%d", n))
		pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, options(sdk)...)
		if err != nil {
			t.Fatal(err)
		}
		oteltest.Eventually(t, func() bool { return int(pool.Stat().IdleConns()) == n })
		return pool
	},
}

// connected opens n connections of pool.
func connected(t *testing.T, pool *pgxpool.Pool, err error, n int) *pgxpool.Pool {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	conns := make([]*pgxpool.Conn, n)
	for i := range conns {
		if conns[i], err = pool.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		conn.Release()
	}
	oteltest.Eventually(t, func() bool { return int(pool.Stat().IdleConns()) == n })
	return pool
}

// TestPoolIsMeasuredUntilItWasReported checks pools that are closed before their first
// collection. Their last values must be reported exactly once.
func TestPoolIsMeasuredUntilItWasReported(t *testing.T) {
	for name, open := range opened {
		t.Run(name, func(t *testing.T) {
			for range 20 { // pgxpool has no event for the end of Close
				sdk := oteltest.New(t)
				open(t, sdk, 3).Close()
				all := map[string]map[string]int64{}
				for _, m := range sdk.Metrics(t, "") {
					all[m.Name] = oteltest.Points(m.Data)
				}
				const pool = "db.example:5433/shop"
				for _, d := range dialects {
					for metric, want := range map[string]map[string]int64{
						d.usage: {pool + "/idle": 3, pool + "/used": 0},
						"max":   {pool: 7}, "idle.max": {pool: 7}, "pending_requests": {pool: 0},
					} {
						if got := all[d.prefix+metric]; fmt.Sprint(got) != fmt.Sprint(want) {
							t.Fatalf("%s: got %v, want %v", d.prefix+metric, got, want)
						}
					}
				}
				if got := sdk.Sums(t, "db.client.connection.count", "x"); len(got) != 0 {
					t.Fatalf("still reported after the first collection: %v", got)
				}
			}
		})
	}
}

// TestPoolThatIsClosedInUse checks a pool that is closed while a connection is used and another
// connection was closed before.
func TestPoolThatIsClosedInUse(t *testing.T) {
	sdk := oteltest.New(t)
	pool := opened["NewPoolWithConfig"](t, sdk, 3)
	used, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.Conn().Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Release()
	oteltest.Eventually(t, func() bool { return pool.Stat().TotalConns() == 2 })
	closed := make(chan struct{})
	go func() { pool.Close(); close(closed) }()
	oteltest.Eventually(t, func() bool { return pool.Stat().IdleConns() == 0 })
	const name = "db.example:5433/shop"
	var got map[string]int64
	oteltest.Eventually(t, func() bool {
		got = oteltest.Points(sdk.Metric(t, "db.client.connection.count"))
		return got[name+"/idle"] == 1
	})
	if got[name+"/used"] != 1 {
		t.Errorf("got %v, want one used and one idle connection", got)
	}
	used.Release()
	<-closed
}

// TestPoolThatIsOpenedAgain checks two pools with the same name, one after the other. Only the
// values of the open pool must be reported.
func TestPoolThatIsOpenedAgain(t *testing.T) {
	for name, open := range opened {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			open(t, sdk, 3).Close()
			second := open(t, sdk, 2)
			defer second.Close()
			got := oteltest.Points(sdk.Metric(t, "db.client.connection.count"))
			if want := map[string]int64{"db.example:5433/shop/idle": 2, "db.example:5433/shop/used": 0}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestPoolUnderDatabaseSQLHasNoLastValues checks a database/sql pool that uses a traced pgx pool.
// Only the pgx pool is measured, also when the other pool is closed.
func TestPoolUnderDatabaseSQLHasNoLastValues(t *testing.T) {
	sdk := oteltest.New(t)
	below := new(server).open(t, sdk, "")
	useDB(t, sqltrace.OpenDB(stdlib.GetPoolConnector(below), options(sdk)...))
	var got []string
	for _, m := range sdk.Metrics(t, "") { // both packages have metrics with this name
		if m.Name == "db.client.connection.max" || m.Name == "db.client.connection.count" {
			got = slices.AppendSeq(got, maps.Keys(oteltest.Points(m.Data)))
		}
	}
	slices.Sort(got)
	const pool = "db.example:5433/shop"
	if want := []string{pool, pool + "/idle", pool + "/used"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
