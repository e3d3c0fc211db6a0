package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// pools opens a pool in two ways. A driver cannot read the state of the pool that uses it.
var pools = map[string]func(fake *sqltest.DB, opts ...sqltrace.Option) *sql.DB{
	"connector": func(fake *sqltest.DB, opts ...sqltrace.Option) *sql.DB {
		return sqltrace.OpenDB(fake.Connector(), opts...)
	},
	"driver": func(fake *sqltest.DB, opts ...sqltrace.Option) *sql.DB {
		return must(openDriver(sqltrace.Driver(sqltest.Driver{DB: fake}, opts...)))
	},
}

// crowd is a pool with one connection and two callers. The connection of the first caller is
// bad. Before that, the second caller begins to wait. When the first caller has returned the
// bad connection, the pool opens a connection, and both callers wait for it.
type crowd struct {
	*sql.DB

	dial   func(c *crowd) error // is called when the pool opens this connection
	healed atomic.Bool          // all connections are good
	over   chan struct{}        // is closed when the test is over
}

func newCrowd(t *testing.T, pool string, sdk *oteltest.SDK) *crowd {
	t.Helper()
	c := &crowd{over: make(chan struct{})}
	fake := full()
	var dials, statements atomic.Int32
	fake.Hook = func(_ context.Context, op, _ string) error {
		switch {
		case op == "conn.ExecContext" && statements.Add(1) == 1:
			<-time.After(time.Second)
			return driver.ErrBadConn
		case op == "connector.Connect" && dials.Add(1) > 1 && !c.healed.Load():
			return c.dial(c)
		}
		return nil
	}
	c.DB = pools[pool](fake, options(sdk)...)
	t.Cleanup(func() {
		close(c.over)
		_ = c.Close()
	})
	c.SetMaxOpenConns(1)
	return c
}

// exec is the call of the first caller.
func (c *crowd) exec(ctx context.Context) error {
	go func() {
		<-time.After(time.Millisecond)
		_ = c.Ping()
	}()
	return result(c.ExecContext(ctx, deleteOrders))
}

// TestWaitingCallHasEnded checks a call that waits for a connection after its own connection
// was bad. When the call returns because it gets no connection, it has made one span and one
// measurement. If the reason is a failed connection, an identical call 600 ms later is a call
// of its own.
func TestWaitingCallHasEnded(t *testing.T) {
	for pool := range pools {
		for _, test := range []struct {
			name   string
			dial   func(*crowd) error
			giveUp func(cancel func(), c *crowd)
		}{
			{"no connection", func(*crowd) error { return errNoRoute }, func(func(), *crowd) {}},
			{"canceled", untilOver, func(cancel func(), _ *crowd) { cancel() }},
			{"closed", untilOver, func(_ func(), c *crowd) { _ = c.Close() }},
		} {
			t.Run(pool+"/"+test.name, func(t *testing.T) {
				sdk := oteltest.New(t)
				synctest.Test(t, func(t *testing.T) {
					c := newCrowd(t, pool, sdk)
					c.dial = test.dial
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					time.AfterFunc(2*time.Second, func() { test.giveUp(cancel, c) })
					err := c.exec(ctx)
					if err == nil {
						t.Fatal("no error")
					}
					if pool == "driver" && !errors.Is(err, errNoRoute) {
						synctest.Wait() // another goroutine ends the call at the same moment
					}
					wantCalls(t, sdk, err)
					if !errors.Is(err, errNoRoute) {
						return
					}
					c.healed.Store(true)
					<-time.After(600 * time.Millisecond)
					wantCalls(t, sdk, err, result(c.ExecContext(ctx, deleteOrders)))
				})
			})
		}
	}
}

func untilOver(c *crowd) error {
	<-c.over
	return errNoRoute
}

// TestCallThatWaitsForItsNextAttempt checks a call that waits for a connection after its own
// connection was bad, and then succeeds. If the state of the pool is known, the failed attempt
// has ended before the wait. Both attempts are then statements of their own.
func TestCallThatWaitsForItsNextAttempt(t *testing.T) {
	for pool, want := range map[string][]error{
		"connector": {driver.ErrBadConn, nil},
		"driver":    {nil},
	} {
		t.Run(pool, func(t *testing.T) {
			sdk := oteltest.New(t)
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, pool, sdk)
				c.dial = func(*crowd) error {
					<-time.After(time.Second)
					return nil
				}
				if err := c.exec(t.Context()); err != nil {
					t.Fatal(err)
				}
				wantCalls(t, sdk, want...)
			})
		})
	}
}

// TestFullPoolWithoutWaitingCallers checks that a call makes one span if the pool is full, but
// no other caller waits for the connection.
func TestFullPoolWithoutWaitingCallers(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = badTimes(1)
	db := open(t, fake.Connector(), options(sdk)...)
	db.SetMaxOpenConns(1)
	wantCalls(t, sdk, result(db.ExecContext(t.Context(), deleteOrders)))
	if events := sdk.Only(t).Events(); len(events) != 1 || events[0].Name != "retry" {
		t.Errorf("events %v", events)
	}
}

// TestNextAttemptDoesNotReachTheStatement checks a call that ends between two attempts, after
// database/sql got another connection. When the call returns or panics, it has made one span
// and one measurement. An identical call 600 ms later is a call of its own.
func TestNextAttemptDoesNotReachTheStatement(t *testing.T) {
	for name, happens := range map[string]func(op string) error{
		"the argument is refused": func(op string) error {
			if op == "argument" {
				return errNoRoute
			}
			return nil
		},
		"connecting panics": func(op string) error {
			if op == "connector.Connect" {
				panic(errNoRoute)
			}
			return nil
		},
		"resetting panics": func(op string) error {
			if op == "conn.ResetSession" {
				panic(errNoRoute)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			synctest.Test(t, func(t *testing.T) {
				fake := full()
				bad, on := false, false
				fake.Hook = func(_ context.Context, op, _ string) error {
					switch {
					case !on:
						return nil
					case isStatement(op) && !bad:
						bad = true
						return driver.ErrBadConn
					case bad:
						return happens(op)
					}
					return nil
				}
				db := open(t, fake.Connector(), options(sdk)...)
				if name == "resetting panics" {
					first, second := must(db.Conn(t.Context())), must(db.Conn(t.Context()))
					_, _ = first.Close(), second.Close()
				}
				arg := valuer(func() (driver.Value, error) { return int64(1), fake.Hook(t.Context(), "argument", "") })
				exec := func() (err error) {
					defer func() {
						if recovered := recover(); recovered != nil {
							err = errNoRoute
						}
					}()
					return result(db.ExecContext(t.Context(), deleteOrders+" WHERE id = ?", arg))
				}
				on = true
				err := exec()
				if !errors.Is(err, errNoRoute) {
					t.Fatal(err)
				}
				wantCalls(t, sdk, err)
				on = false
				<-time.After(600 * time.Millisecond)
				wantCalls(t, sdk, err, exec())
			})
		})
	}
}

type valuer func() (driver.Value, error)

func (v valuer) Value() (driver.Value, error) { return v() }

// TestLastAttemptAfterExpiredConnections checks that the last attempt is recognized even if
// it is the first attempt of which this package gets to know. The connections of the first two
// attempts have expired.
func TestLastAttemptAfterExpiredConnections(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		fake := full()
		fake.Hook = func(_ context.Context, op, _ string) error {
			if isStatement(op) {
				return driver.ErrBadConn
			}
			return nil
		}
		db := open(t, fake.Connector(), options(sdk)...)
		db.SetConnMaxLifetime(10 * time.Millisecond)
		first, second := must(db.Conn(t.Context())), must(db.Conn(t.Context()))
		_, _ = first.Close(), second.Close()
		<-time.After(20 * time.Millisecond)
		wantCalls(t, sdk, result(db.ExecContext(t.Context(), deleteOrders)))
		if n := db.Stats().MaxLifetimeClosed; n != 2 {
			t.Errorf("%d connections had expired", n)
		}
	})
}

// TestTransactionEndsBetweenAttempts checks a prepared statement in a transaction. The
// transaction is rolled back before the next attempt.
func TestTransactionEndsBetweenAttempts(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		fake := full()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var tx *sql.Tx
		fake.Hook = func(_ context.Context, op, _ string) error {
			if !isStatement(op) {
				return nil
			}
			cancel()
			for !errors.Is(tx.Commit(), sql.ErrTxDone) { // database/sql begins to roll back
				runtime.Gosched()
			}
			return driver.ErrBadConn
		}
		db := open(t, fake.Connector(), options(sdk)...)
		tx = must(db.BeginTx(ctx, nil))
		stmt := must(tx.PrepareContext(ctx, deleteOrders))
		_, err := stmt.ExecContext(t.Context())
		if !errors.Is(err, sql.ErrTxDone) {
			t.Error(err)
		}
		synctest.Wait() // another goroutine rolls back
		wantCalls(t, sdk, err)
	})
}

func TestPanicWhilePreparingSkippedStatement(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, _ string) error {
		switch op {
		case "conn.ExecContext":
			return driver.ErrSkip
		case "conn.PrepareContext":
			panic(errNoRoute)
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	wantPanic(t, func() { _, _ = db.ExecContext(t.Context(), "UPDATE orders SET name = 1") })
	wantNames(t, sdk, "client UPDATE orders")
	wantAttributes(t, sdk.Ended()[0], map[string]string{"error.type": "panic"})
}
