package pgxtrace_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// dialects contains the metric names and the time units of the two dialects.
var dialects = map[string]struct {
	prefix, usage, pool, state string
	perSecond                  float64
}{
	"stable": {"db.client.connection.", "count", "db.client.connection.pool.name", "db.client.connection.state", 1},
	"legacy": {"db.client.connections.", "usage", "pool.name", "state", 1000},
}

func TestPool(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "pool_max_conns=3&pool_min_conns=1")
	oteltest.Eventually(t, func() bool { return pool.Stat().IdleConns() == 1 })
	first, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Release()
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	const used = 50 * time.Millisecond
	<-time.After(used)
	const name = "db.example:5433/shop"
	for dialect, d := range dialects {
		oteltest.Eventually(t, func() bool {
			states := sdk.Sums(t, d.prefix+d.usage, d.state)
			return states["used"] == 1 && states["idle"] == 1
		})
		for metric, want := range map[string]int64{"max": 3, "idle.min": 1, "idle.max": 3, "pending_requests": 0} {
			if got, there := sdk.Sums(t, d.prefix+metric, d.pool)[name]; !there || got != want {
				t.Errorf("%s %s: got %v, want %v", dialect, metric, got, want)
			}
		}
		if got := sdk.Sums(t, d.prefix+"timeouts", d.pool); len(got) != 0 {
			t.Errorf("%s timeouts: %v", dialect, got)
		}
		if points := sdk.Seconds(t, d.prefix+"create_time"); len(points) != 1 || points[0].Count != 2 {
			t.Errorf("%s create_time: %v", dialect, points)
		}
		if points := sdk.Seconds(t, d.prefix+"wait_time"); len(points) != 1 || points[0].Count != 2 {
			t.Errorf("%s wait_time: %v", dialect, points)
		}
		if points := sdk.Seconds(t, d.prefix+"use_time"); len(points) != 1 || points[0].Count != 1 {
			t.Errorf("%s use_time: %v", dialect, points)
		}
	}
	first.Release()
	for dialect, d := range dialects {
		if points := sdk.Seconds(t, d.prefix+"use_time"); len(points) != 1 || points[0].Count != 2 || points[0].Sum < used.Seconds()*d.perSecond {
			t.Errorf("%s use_time: %v", dialect, points)
		}
	}
	wantNames(t, sdk, "client SELECT orders")
}

func TestPoolInOneDialect(t *testing.T) {
	t.Setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "database")
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	if got := sdk.Sums(t, "db.client.connections.usage", "state"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := sdk.Sums(t, "db.client.connection.count", "db.client.connection.state"); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestPoolThatIsExhausted(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "pool_max_conns=1")
	busy, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Release()
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() { _, err := pool.Acquire(ctx); waited <- err }()
	oteltest.Eventually(t, func() bool {
		return sdk.Sums(t, "db.client.connection.pending_requests", "db.client.connection.pool.name")["db.example:5433/shop"] == 1
	})
	cancel() // a canceled context is not a timeout
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := query(ctx, pool, point, "1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	for dialect, d := range dialects {
		if got := sdk.Sums(t, d.prefix+"pending_requests", "x")[""]; got != 0 {
			t.Errorf("%s pending_requests: %v", dialect, got)
		}
		if got := sdk.Sums(t, d.prefix+"timeouts", "x")[""]; got != 1 {
			t.Errorf("%s timeouts: %v", dialect, got)
		}
		if points := sdk.Seconds(t, d.prefix+"wait_time"); len(points) != 1 || points[0].Count != 1 {
			t.Errorf("%s wait_time: %v", dialect, points)
		}
	}
	wantNames(t, sdk)
}

func TestPoolThatIsClosedIsNotMeasured(t *testing.T) {
	for _, parameters := range []string{"", "pool_min_conns=2"} {
		t.Run(parameters, func(t *testing.T) {
			sdk := oteltest.New(t)
			before := runtime.NumGoroutine()
			pool, err := pgxtrace.NewPoolWithConfig(t.Context(), new(server).config(t, parameters), options(sdk)...)
			if err != nil {
				t.Fatal(err)
			}
			if parameters == "" {
				if err := query(t.Context(), pool, point, "1"); err != nil {
					t.Fatal(err)
				}
			} else {
				oteltest.Eventually(t, func() bool { return pool.Stat().IdleConns() == 2 })
			}
			oteltest.Eventually(t, func() bool { return len(sdk.Sums(t, "db.client.connection.count", "db.client.connection.state")) == 2 })
			pool.Close()
			oteltest.Eventually(t, func() bool { return len(sdk.Sums(t, "db.client.connection.count", "x")) == 0 })
			for dialect, d := range dialects {
				for _, name := range []string{d.usage, "max", "idle.min", "idle.max", "pending_requests"} {
					if got := sdk.Sums(t, d.prefix+name, "x"); len(got) != 0 {
						t.Errorf("%s %s: %v", dialect, name, got)
					}
				}
			}
			oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// TestPoolInBubble checks that the metrics of a pool in a bubble of testing/synctest can be
// read outside of the bubble, while the pool is open and after it was closed. Otherwise the
// runtime would end the process.
func TestPoolInBubble(t *testing.T) {
	sdk := oteltest.New(t)
	read, done := make(chan struct{}), make(chan int)
	go func() {
		for range read {
			done <- len(sdk.Sums(t, "db.client.connection.count", "db.client.connection.state"))
		}
	}()
	defer close(read)
	synctest.Test(t, func(t *testing.T) {
		pool, err := pgxtrace.NewPoolWithConfig(t.Context(), new(server).config(t, ""), options(sdk)...)
		if err != nil {
			t.Fatal(err)
		}
		if err := query(t.Context(), pool, point, "1"); err != nil {
			t.Fatal(err)
		}
		read <- struct{}{}
		if n := <-done; n != 2 {
			t.Errorf("open: %d series, want 2", n)
		}
		pool.Close()
		synctest.Wait()
		for _, want := range []int{2, 0} {
			read <- struct{}{}
			if n := <-done; n != want {
				t.Errorf("closed: %d series, want %d", n, want)
			}
		}
	})
}

// TestPoolWithoutConnectionsIsMeasured checks a pool whose connections were all closed. The
// pool itself is open and must still be measured.
func TestPoolWithoutConnectionsIsMeasured(t *testing.T) {
	sdk := oteltest.New(t)
	s := new(server)
	pool := s.open(t, sdk, "")
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	oteltest.Eventually(t, func() bool { return pool.Stat().TotalConns() == 0 })
	if got := sdk.Sums(t, "db.client.connection.max", "x"); len(got) != 1 {
		t.Errorf("max: %v", got)
	}
}

// TestTracerOfPools checks two pools that the program makes with pgxpool.NewWithConfig.
// Each pool must be measured under its own name when it is used.
func TestTracerOfPools(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := pgxtrace.Tracer(options(sdk)...)
	for _, database := range []string{"one", "two"} {
		config := new(server).config(t, "")
		config.ConnConfig.Database = database
		config.ConnConfig.Tracer = tracer
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if err := query(t.Context(), pool, point, "1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := sdk.Sums(t, "db.client.connection.max", "db.client.connection.pool.name"); len(got) != 2 || got["db.example:5433/one"] == 0 {
		t.Errorf("max: %v", got)
	}
	if points := sdk.Seconds(t, "db.client.connection.create_time"); len(points) != 2 {
		t.Errorf("create_time: %v", points)
	}
	for i, database := range []string{"one", "two"} {
		wantAttributes(t, ended(sdk)[i], map[string]string{"db.namespace": database})
	}
}

func TestPoolName(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithAttributes(attribute.String("db.client.connection.pool.name", "reader")))
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	if got := sdk.Sums(t, "db.client.connections.max", "pool.name"); got["reader"] == 0 {
		t.Errorf("got %v", got)
	}
}

// TestBeforeConnectMayChangeTheDatabase checks a pool whose BeforeConnect changes the
// address and the database. The span of a statement must have the changed address and the
// changed database.
func TestBeforeConnectMayChangeTheDatabase(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "")
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		c.Host, c.Database = "elsewhere.example", "other"
		return nil
	}
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, options(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, only(t, sdk), map[string]string{"server.address": "elsewhere.example", "db.namespace": "other"})
}

func TestSecretsAreNotRecorded(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "")
	config.ConnConfig.Host = "cret@db.example" // as if a password contained an unescaped @
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, options(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, only(t, sdk), map[string]string{"server.address": "", "db.system.name": "postgresql"})
	if got := sdk.Sums(t, "db.client.connection.max", "db.client.connection.pool.name"); got["postgresql"] == 0 {
		t.Errorf("pool %v", got)
	}
}

func TestConfigDoesNotChange(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "")
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, options(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if config.ConnConfig.Tracer != nil {
		t.Errorf("tracer %v", config.ConnConfig.Tracer)
	}
}

func TestNewPoolFailsAsPgxpoolDoes(t *testing.T) {
	const wrong = "postgres://user:secret@db.example:nowhere/shop"
	_, want := pgxpool.New(t.Context(), wrong)
	if _, err := pgxtrace.NewPool(t.Context(), wrong); err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
	pool, err := pgxtrace.NewPool(t.Context(), "postgres://user:secret@db.example/shop")
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
}

// TestPoolWakesUp checks an SDK that is installed after the pool was made. Statements that
// are executed after that must be traced and measured.
func TestPoolWakesUp(t *testing.T) {
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), new(server).config(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Conn().Prepare(t.Context(), "s1", point); err != nil {
		t.Fatal(err)
	}
	conn.Release()
	sdk := oteltest.New(t)
	sdk.Install(t)
	if err := query(t.Context(), pool, "s1", "1"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders")
	wantAttributes(t, only(t, sdk), map[string]string{"server.address": "db.example"})
	if points := sdk.Seconds(t, "db.client.operation.duration"); len(points) != 1 {
		t.Errorf("db.client.operation.duration: got %v", points)
	}
}
