//go:build integration

package integration

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// A fault is a failure that a correct program has to handle. The function in the field
// cause makes this failure happen, and returns the value and the error that the program got.
type fault struct {
	name  string
	cause func(*testing.T, database, *sql.DB) (any, error)
	// racing is true if the result depends on timing: either the driver first reads the last
	// message of the server, or it first notices that the connection has ended.
	racing bool
}

func selectPID(ctx context.Context, t *testing.T, d database, on interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (pid int) {
	t.Helper()
	query := "SELECT pg_backend_pid()"
	if !d.isPostgres() {
		query = "SELECT connection_id()"
	}
	if err := on.QueryRowContext(ctx, query).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// terminate waits until pg_stat_activity shows the given state for the connection of the
// server process pid. It then ends this connection on the server.
func terminate(t *testing.T, d database, pid int, state string) {
	t.Helper()
	admin, err := sql.Open(d.driver, d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	count := func(query string) (n int) {
		if err := admin.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	of := fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE pid = %d", pid)
	oteltest.Eventually(t, func() bool {
		return count(of+" AND state = '"+state+"' AND query NOT LIKE '%pg_backend_pid%'") == 1 || state == "idle"
	})
	if _, err := admin.Exec(fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid)); err != nil {
		t.Fatal(err)
	}
	oteltest.Eventually(t, func() bool { return count(of) == 0 })
}

const usedUp = "a pool that is used up"

var faults = []fault{
	{"a deadline", func(t *testing.T, d database, db *sql.DB) (any, error) {
		t.Helper()
		selectPID(t.Context(), t, d, db) // connect before the deadline begins, because the deadline does not stop connecting
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		return result(db.ExecContext(ctx, "SELECT pg_sleep(20)"))
	}, false},
	{"a deadline of the server", func(t *testing.T, _ database, db *sql.DB) (any, error) {
		t.Helper()
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), "SET statement_timeout = 50"); err != nil {
			t.Fatal(err)
		}
		return result(conn.ExecContext(t.Context(), "SELECT pg_sleep(20)"))
	}, false},
	{usedUp, func(t *testing.T, _ database, db *sql.DB) (any, error) {
		t.Helper()
		db.SetMaxOpenConns(1)
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return all(db.QueryContext(ctx, "SELECT 1"))
	}, false},
	{"a connection that is gone", func(t *testing.T, d database, db *sql.DB) (any, error) {
		t.Helper()
		terminate(t, d, selectPID(t.Context(), t, d, db), "idle")
		return all(db.QueryContext(t.Context(), "SELECT 2"))
	}, true},
	{"a connection that goes", func(t *testing.T, d database, db *sql.DB) (any, error) {
		t.Helper()
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		pid := selectPID(t.Context(), t, d, conn)
		done := make(chan struct{})
		defer func() { <-done }()
		go func() {
			defer close(done)
			terminate(t, d, pid, "active")
		}()
		return all(conn.QueryContext(t.Context(), "SELECT pg_sleep(20)"))
	}, true},
	{"a connection that goes between rows", func(t *testing.T, d database, db *sql.DB) (any, error) {
		t.Helper()
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		pid := selectPID(t.Context(), t, d, conn)
		rows, err := conn.QueryContext(t.Context(), "SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		rows.Next()
		terminate(t, d, pid, "active")
		for rows.Next() {
			continue
		}
		return nil, rows.Err()
	}, true},
}

func TestFaultsAreAsWithoutTracing(t *testing.T) {
	for _, makeDatabase := range []func(*testing.T) database{pgxDatabase, pqDatabase} {
		d := makeDatabase(t)
		for _, f := range faults {
			t.Run(d.name+"/"+f.name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				plain, err := f.cause(t, d, d.plain(t))
				want := describe(plain) + describeError(err)
				sdk := watched(t, d)
				db := d.traced(t, sqlOptions(sdk)...)
				traced, err := f.cause(t, d, db)
				if got := describe(traced) + describeError(err); got != want && !f.racing {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				oteltest.Eventually(t, func() bool { return db.Stats().InUse == 0 })
				if err := db.Close(); err != nil {
					t.Error(err)
				}
				errs := checkEnded(t, sdk, before+3) // the pool without tracing has up to three goroutines
				if f.name == usedUp {
					errs = append(errs, "no span") // the call did not reach the server
				}
				if len(errs) == 0 || (errs[len(errs)-1] != "") != (err != nil) {
					t.Errorf("spans failed with %q, the program with %v", errs, err)
				}
				if strings.Join(errs[:len(errs)-1], "") != "" {
					t.Errorf("spans before the fault failed with %q", errs)
				}
			})
		}
	}
}

// checkEnded tests that all started spans have ended, and that the number of goroutines is at
// most the given number. For each span of a call, it returns the value of error.type. The value
// is "" if the span does not have this attribute.
func checkEnded(t *testing.T, sdk *oteltest.SDK, goroutines int) (errs []string) {
	t.Helper()
	oteltest.Eventually(t, func() bool { return sdk.Started() == len(sdk.Ended()) })
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines })
	for _, span := range sdk.Ended() {
		if span.SpanKind() == trace.SpanKindClient && !isSlow(span) {
			errs = append(errs, oteltest.Map(span.Attributes())["error.type"])
		}
	}
	return errs
}

// TestTerminatedUnderLoad ends connections on the server while workers use them. It compares
// the errors of the calls with the errors of their spans.
func TestTerminatedUnderLoad(t *testing.T) {
	for _, makeDatabase := range []func(*testing.T) database{pgxDatabase, pqDatabase, pooledPgxDatabase, mariaDatabase, interpolatedMariaDatabase} {
		d := makeDatabase(t)
		t.Run(d.name, func(t *testing.T) {
			underLoad(t, d, func(*workload) {
				admin := d.plain(t)
				for range 20 {
					killAll(t, d, admin)
					waitFor(t, 30*time.Millisecond)
				}
			})
		})
	}
}

// killAll ends all connections to the test database, except its own connection.
func killAll(t *testing.T, d database, admin *sql.DB) {
	t.Helper()
	if d.isPostgres() {
		if _, err := admin.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+shopName+"' AND pid <> pg_backend_pid()"); err != nil {
			t.Log(err) // with a pooler, the list of connections may change in the meantime
		}
		return
	}
	rows, err := admin.QueryContext(t.Context(), "SELECT id FROM information_schema.processlist WHERE db = '"+shopName+"' AND id <> connection_id()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		_, _ = admin.ExecContext(t.Context(), fmt.Sprintf("KILL %d", id)) // the connection may already have ended
	}
}

func waitFor(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// A workload contains the results of several workers that run while a fault happens.
type workload struct {
	mu        sync.Mutex
	outcomes  map[trace.SpanID]error // the error of each call; the key is the ID of the parent span
	succeeded atomic.Int64
}

// underLoad starts workers that use a database, and then calls happens, which causes a fault.
// It compares the errors that the workers got with the errors in the spans.
func underLoad(t *testing.T, d database, happens func(*workload)) {
	t.Helper()
	before := runtime.NumGoroutine()
	sdk := watched(t, d)
	db := d.traced(t, sqlOptions(sdk)...)
	db.SetMaxOpenConns(3) // fewer connections than workers
	l := &workload{outcomes: map[trace.SpanID]error{}}
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() { l.work(ctx, sdk.TracerProvider.Tracer("test"), db) })
	}
	happens(l)
	after := l.succeeded.Load()
	oteltest.Eventually(t, func() bool { return l.succeeded.Load() > after+20 }) // wait until calls succeed again
	stop()
	workers.Wait()
	oteltest.Eventually(t, func() bool { return db.Stats().InUse == 0 }) // InUse also counts connections that database/sql is opening
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	checkEnded(t, sdk, before+3)

	calls := map[trace.SpanID][]sdktrace.ReadOnlySpan{}
	for _, span := range sdk.Ended() {
		if span.SpanKind() == trace.SpanKindClient && !isSlow(span) {
			calls[span.Parent().SpanID()] = append(calls[span.Parent().SpanID()], span)
		}
	}
	failed := 0
	for id, err := range l.outcomes {
		if err != nil {
			failed++
			continue
		}
		checkSucceeded(t, calls[id])
	}
	t.Logf("%d calls, %d failed", len(l.outcomes), failed)
}

// checkSucceeded tests the spans of a call that succeeded. Workers wait for connections here.
// Therefore each attempt of a call may have its own span. The last attempt has no error, and each
// earlier attempt says that its connection was bad. database/sql makes at most three attempts.
func checkSucceeded(t *testing.T, attempts []sdktrace.ReadOnlySpan) {
	t.Helper()
	if len(attempts) == 0 || len(attempts) > 3 {
		t.Errorf("a successful call has %d spans, want 1 to 3", len(attempts))
		return
	}
	for i, span := range attempts {
		want := ""
		if i < len(attempts)-1 {
			want = "database/sql/driver.ErrBadConn"
		}
		if got := oteltest.Map(span.Attributes())["error.type"]; got != want {
			t.Errorf("attempt %d of %d of a successful call has the error %q, want %q: %s %v", i+1, len(attempts), got, want, span.Name(), span.Attributes())
		}
	}
}

// work sends queries until ctx ends. It starts a separate parent span for each query.
func (l *workload) work(ctx context.Context, tracer trace.Tracer, db *sql.DB) {
	for i := 0; ctx.Err() == nil; i++ {
		above, span := tracer.Start(context.WithoutCancel(ctx), "work")
		err := l.query(above, db, i)
		span.End()
		if err == nil {
			l.succeeded.Add(1)
		}
		l.mu.Lock()
		l.outcomes[span.SpanContext().SpanID()] = err
		l.mu.Unlock()
	}
}

func (l *workload) query(ctx context.Context, db *sql.DB, i int) error {
	var n int
	switch i % 3 {
	case 0:
		return db.QueryRowContext(ctx, "SELECT 1 WHERE '"+secret+"' <> ''").Scan(&n)
	case 1:
		_, err := db.ExecContext(ctx, "SELECT 1")
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := tx.QueryRowContext(ctx, "SELECT 1").Scan(&n); err != nil {
		return err
	}
	return tx.Commit()
}

var exportedURL = regexp.MustCompile(`SPOR_POSTGRES_URL='([^']*)'`)

// ownPostgres starts a PostgreSQL server that only this test uses. It returns a function
// that runs scripts/services.sh for this server, with a command such as restart.
func ownPostgres(t *testing.T) func(command ...string) string {
	t.Helper()
	service(t, "SPOR_POSTGRES_URL")
	dir := filepath.Join(t.TempDir(), "services")
	do := func(command ...string) string {
		t.Helper()
		cmd := exec.Command("../../scripts/services.sh", command...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SPOR_") }), "SPOR_SERVICES_DIR="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			oteltest.Lacking(t, fmt.Sprintf("%v: %s", err, out))
		}
		return string(out)
	}
	do("start", "postgres")
	t.Cleanup(func() { do("clean") })
	url := exportedURL.FindStringSubmatch(do("env"))
	if url == nil {
		t.Fatal("no URL")
	}
	t.Setenv("SPOR_POSTGRES_URL", url[1])
	return do
}

// TestServerRestarts restarts the server while workers use it. It compares the errors of the
// calls with the errors of their spans.
func TestServerRestarts(t *testing.T) {
	do := ownPostgres(t)
	for _, makeDatabase := range []func(*testing.T) database{pgxDatabase, pqDatabase} {
		d := makeDatabase(t)
		t.Run(d.name, func(t *testing.T) {
			underLoad(t, d, func(l *workload) {
				oteltest.Eventually(t, func() bool { return l.succeeded.Load() > 20 })
				do("restart", "postgres")
			})
		})
	}
}
