package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
)

const deleteOrders = "DELETE FROM orders"

var errNoRoute = errors.New("no route")

// ways lists the ways in which a program can execute a statement. Each entry prepares one
// way and returns a function. Each call of this function executes the statement once.
var ways = map[string]func(t *testing.T, db *sql.DB) func(context.Context) error{
	"pool": func(_ *testing.T, db *sql.DB) func(context.Context) error {
		return func(ctx context.Context) error { return result(db.ExecContext(ctx, deleteOrders)) }
	},
	"query": func(_ *testing.T, db *sql.DB) func(context.Context) error {
		return func(ctx context.Context) error { return query(ctx, db, deleteOrders) }
	},
	"prepared": func(t *testing.T, db *sql.DB) func(context.Context) error {
		t.Helper()
		stmt := must(db.Prepare(deleteOrders))
		t.Cleanup(func() { _ = stmt.Close() })
		return func(ctx context.Context) error { return result(stmt.ExecContext(ctx)) }
	},
	"conn": func(t *testing.T, db *sql.DB) func(context.Context) error {
		t.Helper()
		conn := must(db.Conn(t.Context()))
		t.Cleanup(func() { _ = conn.Close() })
		return func(ctx context.Context) error { return result(conn.ExecContext(ctx, deleteOrders)) }
	},
	"prepared on a conn": func(t *testing.T, db *sql.DB) func(context.Context) error {
		t.Helper()
		conn := must(db.Conn(t.Context()))
		t.Cleanup(func() { _ = conn.Close() })
		stmt := must(conn.PrepareContext(t.Context(), deleteOrders))
		t.Cleanup(func() { _ = stmt.Close() })
		return func(ctx context.Context) error { return result(stmt.ExecContext(ctx)) }
	},
	"tx": func(t *testing.T, db *sql.DB) func(context.Context) error {
		t.Helper()
		tx := must(db.Begin())
		t.Cleanup(func() { _ = tx.Rollback() })
		return func(ctx context.Context) error { return result(tx.ExecContext(ctx, deleteOrders)) }
	},
	"prepared in a tx": func(t *testing.T, db *sql.DB) func(context.Context) error {
		t.Helper()
		tx := must(db.Begin())
		t.Cleanup(func() { _ = tx.Rollback() })
		stmt := must(tx.Prepare(deleteOrders))
		return func(ctx context.Context) error { return result(stmt.ExecContext(ctx)) }
	},
}

func result(_ sql.Result, err error) error { return err }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// causes contains the cases of the test. The first attempt always fails because of a bad
// connection. Each case is a function that decides what happens next. The test calls the
// function for each later operation. If the function returns an error, the operation fails
// with this error. op is the name of the operation. n is the number of earlier operations
// with this name after the failed attempt.
var causes = map[string]func(cancel func(), op string, n int) error{
	"succeeds": func(func(), string, int) error { return nil },
	"dial fails": func(_ func(), op string, _ int) error {
		if op == "connector.Connect" {
			return errNoRoute
		}
		return nil
	},
	"dial fails as bad": func(_ func(), op string, _ int) error {
		if op == "connector.Connect" {
			return driver.ErrBadConn
		}
		return nil
	},
	"dial fails as bad, then for good": func(_ func(), op string, n int) error {
		switch {
		case op == "connector.Connect" && n == 0:
			return driver.ErrBadConn
		case op == "connector.Connect":
			return errNoRoute
		}
		return nil
	},
	"dial is canceled": func(cancel func(), op string, _ int) error {
		if op == "connector.Connect" {
			cancel()
			return context.Canceled
		}
		return nil
	},
	"preparing fails": func(_ func(), op string, _ int) error {
		if strings.HasPrefix(op, "conn.Prepare") {
			return errNoRoute
		}
		return nil
	},
	"all are bad": func(_ func(), op string, _ int) error {
		if isStatement(op) {
			return driver.ErrBadConn
		}
		return nil
	},
	"the last is bad after a bad dial": func(_ func(), op string, n int) error {
		if op == "connector.Connect" && n == 0 || isStatement(op) {
			return driver.ErrBadConn
		}
		return nil
	},
}

func isStatement(op string) bool {
	return strings.HasSuffix(op, ".ExecContext") || strings.HasSuffix(op, ".QueryContext")
}

// TestCallsOfTheProgramAreNeverMerged checks that each call makes one span and one
// measurement. It tries each way to make the call with each result of the call. A second,
// identical call must make its own span and its own measurement.
func TestCallsOfTheProgramAreNeverMerged(t *testing.T) {
	for way, prepare := range ways {
		for cause, happens := range causes {
			t.Run(way+"/"+cause, func(t *testing.T) {
				sdk := oteltest.New(t)
				synctest.Test(t, func(t *testing.T) {
					fake := full()
					on := false
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var done map[string]int
					fake.Hook = func(_ context.Context, op, _ string) error {
						if !on {
							return nil
						}
						if isStatement(op) && done == nil {
							done = map[string]int{}
							return driver.ErrBadConn
						}
						n := done[op]
						if done != nil {
							done[op]++
						}
						if done == nil {
							return nil
						}
						return happens(cancel, op, n)
					}
					db := open(t, fake.Connector(), options(sdk)...)
					exec := prepare(t, db)
					on = true
					err := exec(ctx)
					wantCalls(t, sdk, err)
					on = false
					<-time.After(600 * time.Millisecond)
					if again := exec(ctx); isRefused(again) {
						wantCalls(t, sdk, err)
					} else {
						wantCalls(t, sdk, err, again)
					}
				})
			})
		}
	}
}

// isRefused reports whether database/sql itself returned err and did not call the driver.
func isRefused(err error) bool {
	return errors.Is(err, sql.ErrConnDone) || errors.Is(err, context.Canceled)
}

// wantCalls checks that each call made one span and one measurement. errs contains one
// element per call: the error that the call returned, or nil if the call succeeded.
func wantCalls(t *testing.T, sdk *oteltest.SDK, errs ...error) {
	t.Helper()
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	spans, red := 0, 0
	for _, span := range sdk.Ended() {
		if span.SpanKind() == trace.SpanKindClient {
			spans++
			if span.Status().Code == codes.Error {
				red++
			}
		}
	}
	if spans != len(errs) || red != failed {
		t.Errorf("%d spans, %d of them failed; want %d, %d", spans, red, len(errs), failed)
	}
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%d spans started, %d ended", started, ended)
	}
	measured, failures := 0, 0
	for _, point := range sdk.Seconds(t, "db.client.operation.duration") {
		measured += int(point.Count)
		if _, is := point.Attributes.Value("error.type"); is {
			failures += int(point.Count)
		}
	}
	if measured != len(errs) || failures != failed {
		t.Errorf("measured %d calls, %d failures, want %d, %d", measured, failures, len(errs), failed)
	}
}

// TestLastAttemptAfterStaleConnections checks that the last attempt is recognized even if
// the first two attempts failed before the statement was sent.
func TestLastAttemptAfterStaleConnections(t *testing.T) {
	for _, op := range []string{"conn.ResetSession", "connector.Connect"} {
		t.Run(op, func(t *testing.T) {
			sdk := oteltest.New(t)
			fake := full()
			left, on := 2, false
			fake.Hook = func(_ context.Context, done, _ string) error {
				if !on {
					return nil
				}
				if done == op && left > 0 {
					left--
					return driver.ErrBadConn
				}
				if isStatement(done) {
					return driver.ErrBadConn
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk)...)
			if op == "conn.ResetSession" {
				db.SetMaxIdleConns(2)
				first, second := must(db.Conn(t.Context())), must(db.Conn(t.Context()))
				_, _ = first.Close(), second.Close()
			}
			on = true
			_, err := db.Exec(deleteOrders)
			if err == nil || left != 0 {
				t.Fatalf("error %v, %d left", err, left)
			}
			wantCalls(t, sdk, err)
		})
	}
}

// TestDialFailsBeforeTransaction checks a call that has no next attempt because connecting
// failed. Later, the same goroutine executes the same statement in a transaction. This must
// count as a new call, not as the next attempt of the first call.
func TestDialFailsBeforeTransaction(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		fake := full()
		var dials, statements atomic.Int32
		var up atomic.Bool
		fake.Hook = func(_ context.Context, op, _ string) error {
			switch {
			case op == "conn.ExecContext" && statements.Add(1) == 1:
				<-time.After(time.Second)
				return driver.ErrBadConn
			case op == "connector.Connect" && dials.Add(1) > 1 && !up.Load():
				<-time.After(100 * time.Millisecond)
				return errNoRoute
			}
			return nil
		}
		db := open(t, fake.Connector(), options(sdk)...)
		db.SetMaxOpenConns(1)
		var ping sync.WaitGroup
		ping.Go(func() {
			<-time.After(time.Millisecond)
			_ = db.Ping() // waits for a connection while the pool is full
		})
		_, err := db.ExecContext(t.Context(), deleteOrders)
		if err == nil {
			t.Fatal("no error")
		}
		up.Store(true)
		ping.Wait()
		tx := must(db.Begin())
		_, inTx := tx.Exec(deleteOrders)
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		<-time.After(2 * time.Second)
		wantCalls(t, sdk, err, inTx)
	})
}

// TestAttemptsAtOnce checks that attempts of one call are not assigned to another call.
// Many goroutines make the same call at the same time, with the same context.
func TestAttemptsAtOnce(t *testing.T) {
	const goroutines, statements = 8, 60
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, _ string) error {
		switch {
		case isStatement(op) && rand.N(3) == 0, op == "conn.ResetSession" && rand.N(4) == 0,
			op == "connector.Connect" && rand.N(8) == 0:
			return driver.ErrBadConn
		case op == "connector.Connect" && rand.N(4) == 0:
			return errNoRoute
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	db.SetMaxIdleConns(goroutines)
	var mu sync.Mutex
	returned := map[string]error{}
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for i := range statements {
				_, err := db.Exec(deleteOrders+" WHERE id = ?", g*statements+i)
				mu.Lock()
				returned[fmt.Sprintf("int64(%d)", g*statements+i)] = err
				mu.Unlock()
			}
		})
	}
	group.Wait()
	wantCalls(t, sdk, reached(fake, returned)...)
}

// reached returns the errors of the calls that reached the driver. returned contains the
// errors of all calls. Its keys are the arguments of the calls.
func reached(fake *sqltest.DB, returned map[string]error) (errs []error) {
	for _, line := range fake.Log() {
		op, rest, _ := strings.Cut(line, " ")
		_, arg, _ := strings.Cut(strings.TrimSuffix(rest, "]"), "[1=")
		if err, is := returned[arg]; is && isStatement(op) {
			errs = append(errs, err)
			delete(returned, arg)
		}
	}
	return errs
}
