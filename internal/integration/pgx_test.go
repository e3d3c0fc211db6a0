//go:build integration

package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

func tracedPool(t *testing.T, sdk *oteltest.SDK, change func(*pgxpool.Config), opts ...sqltrace.Option) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(postgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(config)
	}
	opts = append([]sqltrace.Option{sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider)}, opts...)
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// The function pending returns the number of requests that wait for a connection, as the sum
// over all pools.
func pending(t *testing.T, sdk *oteltest.SDK) (n int64) {
	t.Helper()
	data, _ := sdk.Metric(t, "db.client.connections.pending_requests").(metricdata.Sum[int64])
	for _, p := range data.DataPoints {
		n += p.Value
	}
	return n
}

func attributeOf(s sdktrace.ReadOnlySpan, key string) string {
	return oteltest.Map(s.Attributes())[key]
}

// TestPgxSpans executes statements on a real server with each of pgx's methods. It checks that
// each statement makes one CLIENT span.
func TestPgxSpans(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, nil)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	ctx := t.Context()
	if _, err := conn.Exec(ctx, "CREATE TEMPORARY TABLE orders (id int PRIMARY KEY, name text)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"orders"}, []string{"id", "name"},
		pgx.CopyFromRows([][]any{{1, "secret"}, {2, "secret"}})); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"nowhere"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}})); err == nil {
		t.Fatal("no error")
	}
	if _, err := conn.Exec(ctx, "INSERT INTO orders VALUES ($1, $2)", 1, "secret"); err == nil {
		t.Fatal("no error")
	}
	if _, err := conn.Conn().Prepare(ctx, "by_id", "SELECT name FROM orders WHERE id = $1"); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := conn.QueryRow(ctx, "by_id", 1).Scan(&name); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, "SELECT name FROM orders WHERE id = $1", 7).Scan(&name); !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	b := new(pgx.Batch)
	b.Queue("UPDATE orders SET name = $1", "secret")
	b.Queue("SELECT pg_sleep(0.05)")
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sdk.Ended() {
		if s.Name() == "connect" {
			continue
		}
		line := fmt.Sprintf("%s %s rows=%s/%s error=%s", s.SpanKind(), s.Name(),
			attributeOf(s, "db.response.returned_rows"), attributeOf(s, "db.response.affected_rows"), attributeOf(s, "error.type"))
		got = append(got, line)
		if text := fmt.Sprint(s.Attributes(), s.Status(), s.Events()); strings.Contains(text, "secret") {
			t.Errorf("the span %s contains a secret: %s", s.Name(), text)
		}
	}
	want := []string{
		"client CREATE TABLE orders rows=/ error=",
		"client COPY orders rows=/2 error=",
		"internal prepare rows=/ error=42P01",
		"client COPY nowhere rows=/ error=42P01",
		"client INSERT orders rows=/ error=23505",
		"client SELECT orders rows=1/ error=",
		"client SELECT orders rows=0/ error=",
		"client BATCH UPDATE orders; SELECT rows=/ error=",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPgxSpanEndsWithTheAnswer reads rows slowly. It checks that the duration of the span does
// not include the time that the program spends between two rows.
func TestPgxSpanEndsWithTheAnswer(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, nil)
	for _, test := range []struct {
		text        string
		least, most time.Duration
	}{
		{"SELECT n FROM generate_series(1, 30) n", 0, 250 * time.Millisecond},
		{"SELECT n, pg_sleep(0.01) FROM generate_series(1, 30) n", 300 * time.Millisecond, 550 * time.Millisecond},
		{"SELECT n, repeat('x', 2000) FROM generate_series(1, 30) n", 0, 250 * time.Millisecond},
	} {
		sdk.Forget()
		begin := time.Now()
		rows, err := pool.Query(t.Context(), test.text)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			<-time.After(10 * time.Millisecond)
		}
		rows.Close()
		span := sdk.Ended()[len(sdk.Ended())-1]
		took := span.EndTime().Sub(span.StartTime())
		if took < test.least || took > test.most {
			t.Errorf("%s: the span took %v of %v, want %v to %v", test.text, took, time.Since(begin), test.least, test.most)
		}
	}
}

// TestPgxBatchOnServer sends a batch with a slow statement. It checks that the span of this
// statement is long enough. The server sends the results of all statements together, so the
// duration of a span is only an upper limit for the duration of the statement.
func TestPgxBatchOnServer(t *testing.T) {
	for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := tracedPool(t, sdk, func(c *pgxpool.Config) {
				if err := setMode(c, mode); err != nil {
					t.Fatal(err)
				}
			}, sqltrace.WithBatchStatements())
			b := new(pgx.Batch)
			b.Queue("SELECT 1")
			b.Queue("SELECT pg_sleep(0.1)")
			b.Queue("SELECT 2")
			if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
				t.Fatal(err)
			}
			var longest time.Duration
			for _, s := range sdk.Ended() {
				took := s.EndTime().Sub(s.StartTime())
				if strings.Contains(attributeOf(s, "db.query.text"), "sleep") && took < 100*time.Millisecond {
					t.Errorf("the span of the sleep took %v", took)
				}
				longest = max(longest, took)
			}
			if longest < 100*time.Millisecond {
				t.Errorf("the longest span took %v", longest)
			}
		})
	}
}

func setMode(c *pgxpool.Config, mode string) error {
	with, err := pgx.ParseConfig("postgres://localhost/x?default_query_exec_mode=" + mode)
	if err != nil {
		return err
	}
	c.ConnConfig.DefaultQueryExecMode = with.DefaultQueryExecMode
	return nil
}

// TestPgxUnderFire ends connections on the server while statements use them. It checks that
// the errors of the spans match the errors that the program got, that all spans end, and that
// no goroutine is left.
func TestPgxUnderFire(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) { c.MaxConns = 4 })
	before := runtime.NumGoroutine()
	killer := newPgxPool(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var succeeded, failed atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for ctx.Err() == nil {
				limit, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				if _, err := pool.Exec(limit, "SELECT pg_sleep(0.002)"); err != nil {
					failed.Add(1)
				} else {
					succeeded.Add(1)
				}
				cancel()
			}
		})
	}
	for ctx.Err() == nil {
		<-time.After(100 * time.Millisecond)
		_, err := killer.Exec(context.Background(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(0.002)%' AND pid <> pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
	}
	wait.Wait()
	var good, bad int64
	for _, s := range sdk.Ended() {
		switch {
		case s.Name() != "SELECT":
		case s.Status().Code == codes.Error:
			bad++
		default:
			good++
		}
	}
	t.Logf("%d succeeded, %d failed", succeeded.Load(), failed.Load())
	if failed.Load() == 0 {
		t.Error("no statement failed, so no connection was cut in use")
	}
	// A call that failed before it got a connection has no span.
	if good != succeeded.Load() || bad > failed.Load() {
		t.Errorf("%d spans without an error for %d successful calls, %d spans with an error for %d failed calls", good, succeeded.Load(), bad, failed.Load())
	}
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%d spans started, %d ended", started, ended)
	}
	if got := pending(t, sdk); got != 0 {
		t.Errorf("%d requests still wait for a connection", got)
	}
	killer.Close()
	pool.Close()
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
}

// TestPgxPoolExhausted makes calls with a deadline while the only connection of the pool is in
// use. It checks the metrics for waiting requests and for timeouts.
func TestPgxPoolExhausted(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) { c.MaxConns = 1 })
	busy, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 5 {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := pool.Exec(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
	oteltest.Eventually(t, func() bool { return pending(t, sdk) == 5 })
	wait.Wait()
	busy.Release()
	timeouts, _ := sdk.Metric(t, "db.client.connections.timeouts").(metricdata.Sum[int64])
	if len(timeouts.DataPoints) != 1 || timeouts.DataPoints[0].Value != 5 || pending(t, sdk) != 0 {
		t.Errorf("timeouts %v, %d requests still wait for a connection", timeouts.DataPoints, pending(t, sdk))
	}
}

// TestPgxDeadline tests the status of spans. If the deadline of a statement passes, the status
// is Error. If the caller cancels the statement, the status is not Error.
func TestPgxDeadline(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, slow := pool.Exec(ctx, "SELECT pg_sleep(5)")
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, given := pool.Exec(ctx, "SELECT pg_sleep(6)")
	_, server := pool.Exec(t.Context(), "SET statement_timeout = 20; SELECT pg_sleep(7)")
	var refused *pgconn.PgError
	if !errors.Is(slow, context.DeadlineExceeded) || !errors.Is(given, context.Canceled) || !errors.As(server, &refused) {
		t.Fatal(slow, given, server)
	}
	var got []string
	for _, s := range sdk.Ended() {
		if s.Name() != "connect" {
			got = append(got, attributeOf(s, "error.type")+" "+s.Status().Code.String())
		}
	}
	if want := []string{"timeout Error", "canceled Unset", "57014 Error"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPgxCommentInServerLog tests that the log of the server contains the trace context of a
// statement's span. It also tests that there are only few statements in the server's cache.
func TestPgxCommentInServerLog(t *testing.T) {
	path := service(t, "SPOR_POSTGRES_LOG")
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		c.ConnConfig.RuntimeParams["log_min_duration_statement"] = "0"
	}, sqltrace.WithSQLCommenter())
	for i := range 100 {
		var n int
		if err := pool.QueryRow(t.Context(), "SELECT $1::int + 1", i).Scan(&n); err != nil || n != i+1 {
			t.Fatal(n, err)
		}
	}
	var remembered int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements").Scan(&remembered); err != nil || remembered > 5 {
		t.Errorf("the server keeps %d statements (%v)", remembered, err)
	}
	for _, s := range sdk.Ended() {
		if s.Name() == "connect" {
			continue
		}
		line := regexp.MustCompile(`duration:.*traceparent='00-` + s.SpanContext().TraceID().String() + "-" + s.SpanContext().SpanID().String() + `-01'\*/`)
		oteltest.Eventually(t, func() bool {
			log, err := os.ReadFile(path)
			return err == nil && line.Match(log)
		})
	}
}

// TestPgxCommentLeavesCachesAlone tests that spor adds no comment to a statement that pgx
// caches. With a different comment each time, the cache would never find the statement.
func TestPgxCommentLeavesCachesAlone(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) { c.MaxConns = 1 }, sqltrace.WithSQLCommenter())
	for i := range 100 {
		var n int
		if err := pool.QueryRow(t.Context(), "SELECT $1::int + 1", i).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	var remembered int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements").Scan(&remembered); err != nil || remembered > 2 {
		t.Errorf("the server keeps %d statements (%v)", remembered, err)
	}
}

// TestQuotesOnPostgres runs quotes with PostgreSQL. It checks the span of a statement and
// the trace of this span. It also checks that the collector receives every span that has ended.
func TestQuotesOnPostgres(t *testing.T) {
	url := postgresURL(t)
	c := listen(t, ":0")
	q := newQuotes(t, c.Endpoint(), "-once")
	q.cmd.Env = append(q.cmd.Env, "PGURL="+url)
	if err := q.cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &q.stdout, &q.stderr)
	}
	if got, want := len(c.received()), q.spansEnded(t); got != want || want == 0 {
		t.Errorf("received %d of %d spans", got, want)
	}
	var created *tracepb.Span
	for _, s := range c.received() {
		if s.GetName() == "INSERT quotes" {
			created = s
		}
	}
	if created == nil {
		t.Fatalf("no span of the statement in %q", outlines(c.received()))
	}
	attrs := otlpattr.Map(created.GetAttributes())
	for key, want := range map[attribute.Key]string{
		"db.system": "postgresql", "db.system.name": "postgresql", "db.operation": "INSERT", "db.sql.table": "quotes",
		"db.statement": "INSERT INTO quotes (id, author, text) VALUES ($1, $2, $3)",
	} {
		if got := attrs[string(key)]; got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	inTrace := 0
	for _, s := range c.received() {
		if string(s.GetTraceId()) == string(created.GetTraceId()) {
			inTrace++
		}
	}
	if inTrace < 4 || len(created.GetParentSpanId()) == 0 {
		t.Errorf("got %d spans in the trace of the statement", inTrace)
	}
}

// TestPgxServerGoneAndBack simulates a server that stops and starts again. First it closes all
// connections and refuses new ones, so statements fail. Then it allows new connections. The
// test checks that the next statement succeeds, and that the spans for this statement have no
// error.
func TestPgxServerGoneAndBack(t *testing.T) {
	sdk := oteltest.New(t)
	var gone atomic.Bool
	var mu sync.Mutex
	var conns []net.Conn
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			if gone.Load() {
				return nil, syscall.ECONNREFUSED
			}
			conn, err := dial(ctx, network, address)
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
			return conn, err
		}
	})
	if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	gone.Store(true)
	mu.Lock()
	for _, conn := range conns {
		conn.Close()
	}
	mu.Unlock()
	for range 3 {
		if _, err := pool.Exec(t.Context(), "SELECT 2"); err == nil {
			t.Fatal("no error")
		}
	}
	sdk.Forget()
	gone.Store(false)
	if _, err := pool.Exec(t.Context(), "SELECT 3"); err != nil {
		t.Fatal(err)
	}
	for _, s := range sdk.Ended() {
		if s.Status().Code == codes.Error {
			t.Errorf("%s: %v", s.Name(), s.Status())
		}
	}
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended || pending(t, sdk) != 0 {
		t.Errorf("%d spans started, %d ended, %d requests wait for a connection", started, ended, pending(t, sdk))
	}
}

// TestPgxStatementsBehindTransactionCommands checks texts that begin with a transaction command, but
// also contain another statement. Such a text has a span.
func TestPgxStatementsBehindTransactionCommands(t *testing.T) {
	sdk := oteltest.New(t)
	pool := tracedPool(t, sdk, func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	})
	for text, want := range map[string]int{
		"BEGIN; SELECT pg_sleep(0.01); COMMIT": 1, "BEGIN; SELECT 1": 1, "COMMIT; SELECT 1": 1, "ROLLBACK; VALUES (1)": 1,
		"BEGIN": 0, "COMMIT;": 0,
	} {
		sdk.Forget()
		if _, err := pool.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, span := range sdk.Ended() {
			if span.Name() != "connect" {
				n++
			}
		}
		if n != want {
			t.Errorf("%q: %d spans, want %d", text, n, want)
		}
		if _, err := pool.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}
