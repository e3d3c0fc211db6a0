package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/internal/oteltest"
)

// TestRetriesAreOneSpan checks that a call makes only one span if its connection is bad and
// database/sql tries again on another connection.
func TestRetriesAreOneSpan(t *testing.T) {
	for _, test := range []struct {
		name    string
		bad     int // number of bad connections
		events  int
		failed  bool
		prepare bool
	}{
		{"first succeeds", 0, 0, false, false},
		{"second succeeds", 1, 1, false, false},
		{"third succeeds", 2, 2, false, false},
		{"none succeeds", 3, 2, true, false},
		{"prepared", 1, 1, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			fake := full()
			left := 0
			fake.Hook = func(_ context.Context, op, _ string) error {
				if left > 0 && (op == "conn.ExecContext" || op == "stmt.ExecContext") {
					left--
					return driver.ErrBadConn
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk)...)
			exec := func() error { _, err := db.Exec("DELETE FROM orders"); return err }
			if test.prepare {
				stmt, err := db.Prepare("DELETE FROM orders")
				if err != nil {
					t.Fatal(err)
				}
				defer stmt.Close()
				exec = func() error { _, err := stmt.Exec(); return err }
			}
			left = test.bad
			if err := exec(); (err != nil) != test.failed {
				t.Fatal(err)
			}
			span := sdk.Only(t)
			if got := span.Status().Code == codes.Error; got != test.failed || len(span.Events()) != test.events {
				t.Errorf("status %v, events %v", span.Status(), span.Events())
			}
			if points := sdk.Seconds(t, "db.client.operation.duration"); len(points) != 1 || points[0].Count != 1 {
				t.Errorf("measured %v", points)
			}
		})
	}
}

// TestLastAttemptIsKnown checks that the span ends immediately after the last attempt. If
// the program then executes the same statement with the same context, this must be a new
// statement.
func TestLastAttemptIsKnown(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		fake := full()
		fake.Hook = badTimes(3)
		db := open(t, fake.Connector(), options(sdk)...)
		if _, err := db.Exec("DELETE FROM orders"); err == nil {
			t.Fatal("no error")
		}
		if n := len(sdk.Ended()); n != 1 {
			t.Fatalf("%d spans ended with the call", n)
		}
		if _, err := db.Exec("DELETE FROM orders"); err != nil {
			t.Fatal(err)
		}
		wantNames(t, sdk, "client DELETE orders", "client DELETE orders")
	})
}

// TestBadConnectionInTransaction checks a bad connection in a transaction. database/sql
// does not try again in a transaction.
func TestBadConnectionInTransaction(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "conn.ExecContext" {
			return driver.ErrBadConn
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("DELETE FROM orders"); !errors.Is(err, driver.ErrBadConn) {
		t.Error(err)
	}
	if span := sdk.Only(t); span.Status().Code != codes.Error {
		t.Errorf("status %v", span.Status())
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}

// TestBadConnectionInPoolHasNoSpan checks that a bad connection makes no span if it was
// already bad when database/sql took it from the pool.
func TestBadConnectionInPoolHasNoSpan(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	bad := true
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "conn.ResetSession" && bad {
			bad = false
			return driver.ErrBadConn
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	for range 2 {
		if _, err := db.Exec("DELETE FROM orders"); err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, sdk, "client DELETE orders", "client DELETE orders")
	for _, span := range sdk.Ended() {
		if span.Status().Code != codes.Unset || len(span.Events()) != 0 {
			t.Errorf("status %v, events %v", span.Status(), span.Events())
		}
	}
}
