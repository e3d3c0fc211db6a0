package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

func TestTransactionIsQuiet(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	ctx, sc := parent(t, sdk)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM orders")
	if err := errors.Join(err, query(ctx, tx, "SELECT * FROM orders"), tx.Commit()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		t.Error(err)
	}
	wantNames(t, sdk, "client DELETE orders", "client SELECT orders")
	for _, span := range sdk.Ended() {
		if span.Parent().SpanID() != sc.SpanID() {
			t.Errorf("parent %v", span.Parent())
		}
	}
}

func TestWithTransactions(t *testing.T) {
	for _, end := range []string{"commit", "rollback"} {
		t.Run(end, func(t *testing.T) {
			sdk := oteltest.New(t)
			db := open(t, full().Connector(), options(sdk, sqltrace.WithTransactions())...)
			ctx, sc := parent(t, sdk)
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			inner, span := sdk.TracerProvider.Tracer("test").Start(ctx, "step")
			if err := errors.Join(query(ctx, tx, "SELECT * FROM orders"), query(inner, tx, "SELECT * FROM items")); err != nil {
				t.Fatal(err)
			}
			span.End()
			finish := tx.Commit
			if end == "rollback" {
				finish = tx.Rollback
			}
			if err := finish(); err != nil {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client SELECT orders", "client SELECT items", "internal step", "internal transaction")
			spans := sdk.Ended()
			parents := []trace.SpanID{spans[3].SpanContext().SpanID(), spans[2].SpanContext().SpanID(), sc.SpanID(), sc.SpanID()}
			for i, want := range parents {
				if got := spans[i].Parent().SpanID(); got != want {
					t.Errorf("%s: parent %v, want %v", spans[i].Name(), got, want)
				}
			}
			// A statement after the transaction is not a child of the transaction span.
			if err := query(ctx, db, "SELECT * FROM orders"); err != nil {
				t.Fatal(err)
			}
			if got := sdk.Ended()[4].Parent().SpanID(); got != sc.SpanID() {
				t.Errorf("parent %v, want %v", got, sc.SpanID())
			}
		})
	}
}

func TestTransactionThatFails(t *testing.T) {
	for op, name := range map[string]string{"conn.BeginTx": "BEGIN", "tx.Commit": "COMMIT", "tx.Rollback": "ROLLBACK"} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			fake := full()
			fake.Hook = func(_ context.Context, asked, _ string) error {
				if asked == op {
					return stateError{"40001"}
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk)...)
			if tx, err := db.Begin(); err == nil {
				if name == "COMMIT" {
					err = tx.Commit()
				} else {
					err = tx.Rollback()
				}
				if err == nil {
					t.Error("no error")
				}
			}
			wantNames(t, sdk, "client "+name)
			span := sdk.Only(t)
			wantAttributes(t, span, map[string]string{"db.operation.name": name, "db.response.status_code": "40001", "db.system.name": "postgresql"})
			if span.Status().Code != codes.Error {
				t.Errorf("status %v", span.Status())
			}
		})
	}
}

func TestTransactionThatTakesLong(t *testing.T) {
	sdk := oteltest.New(t)
	synctest.Test(t, func(t *testing.T) {
		fake := full()
		fake.Hook = func(_ context.Context, op, _ string) error {
			if op == "tx.Commit" {
				<-time.After(150 * time.Millisecond)
			}
			return nil
		}
		db := open(t, fake.Connector(), options(sdk)...)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantNames(t, sdk, "client COMMIT")
		span := sdk.Only(t)
		if got := span.EndTime().Sub(span.StartTime()); got != 150*time.Millisecond || span.Status().Code != codes.Unset {
			t.Errorf("took %v, status %v", got, span.Status())
		}
	})
}

// TestTransactionThatIsCanceled checks a transaction whose context is canceled.
// database/sql itself then rolls back. The spans must not have the status Error.
func TestTransactionThatIsCanceled(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	rolledBack := make(chan struct{})
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "tx.Rollback" {
			defer close(rolledBack)
			return driver.ErrBadConn
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk, sqltrace.WithTransactions())...)
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := query(ctx, tx, "SELECT * FROM orders"); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-rolledBack
	sdk.Wait(t, 2)
	wantNames(t, sdk, "client SELECT orders", "internal transaction")
	for _, span := range sdk.Ended() {
		if span.Status().Code != codes.Unset {
			t.Errorf("%s: status %v", span.Name(), span.Status())
		}
	}
}
