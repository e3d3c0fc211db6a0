package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// transcript calls all methods of db in many ways and returns their results as text.
func transcript(ctx context.Context, db *sql.DB) []string {
	var out []string
	say := func(what string, values ...any) { out = append(out, what+": "+fmt.Sprint(values...)) }
	canceled, cancel := context.WithCancel(ctx)
	cancel()

	say("ping", db.PingContext(ctx))
	for _, args := range [][]any{nil, {5}, {[]int{1, 2}}, {sql.Named("a", 1)}, {struct{ X int }{1}}} {
		text := "UPDATE orders SET a = 1"
		if args != nil {
			text = "UPDATE orders SET a = ?"
		}
		result, err := db.ExecContext(ctx, text, args...)
		say("exec", result != nil, err)
		say("query", query(ctx, db, strings.Replace(text, "UPDATE orders SET", "SELECT * FROM orders WHERE", 1), args...))
		stmt, err := db.PrepareContext(ctx, text)
		say("prepare", err)
		if err == nil {
			result, err := stmt.ExecContext(ctx, args...)
			say("stmt exec", result != nil, err)
			rows, err := stmt.QueryContext(ctx, args...)
			say("stmt query", err)
			if err == nil {
				say("read", readAll(rows))
			}
			say("stmt close", stmt.Close())
		}
	}
	_, err := db.ExecContext(canceled, "DELETE FROM orders")
	say("canceled", err)
	for _, opts := range []*sql.TxOptions{nil, {Isolation: sql.LevelSerializable}, {ReadOnly: true}} {
		tx, err := db.BeginTx(ctx, opts)
		say("begin", err)
		if err == nil {
			_, err := tx.ExecContext(ctx, "DELETE FROM orders")
			say("tx exec", err, tx.Commit(), tx.Rollback())
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	say("begin", err)
	if err == nil {
		say("tx query", query(ctx, tx, "SELECT * FROM orders"), tx.Rollback())
	}
	say("types", columnTypes(ctx, db))
	return out
}

func columnTypes(ctx context.Context, db *sql.DB) string {
	rows, err := db.QueryContext(ctx, "SELECT * FROM orders")
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	var out []string
	for _, c := range types {
		length, hasLength := c.Length()
		precision, scale, hasPrecision := c.DecimalSize()
		nullable, hasNullable := c.Nullable()
		out = append(out, fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength,
			precision, scale, hasPrecision, nullable, hasNullable))
	}
	return fmt.Sprint(out, err, rows.Err())
}

// compare calls transcript with a plain pool and with a traced pool, and compares the
// results.
func compare(t *testing.T, shape *sqltest.DB) {
	t.Helper()
	run := func(open func(driver.Connector) *sql.DB) (said, log []string) {
		fake := shape.Copy()
		db := open(fake.Connector())
		db.SetMaxOpenConns(1)
		said = transcript(t.Context(), db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if n := fake.Open(); n != 0 {
			t.Errorf("%d connections left open", n)
		}
		return said, fake.Log()
	}
	sdk := oteltest.New(t)
	wantSaid, wantLog := run(sql.OpenDB)
	said, log := run(func(c driver.Connector) *sql.DB { return sqltrace.OpenDB(c, options(sdk)...) })
	describe := fmt.Sprintf("conn %b, stmt %b, rows %b", shape.Conn, shape.Stmt, shape.Rows)
	if !slices.Equal(said, wantSaid) {
		t.Fatalf("%s: the program sees\n%s\nwant\n%s", describe, strings.Join(said, "\n"), strings.Join(wantSaid, "\n"))
	}
	if !slices.Equal(log, wantLog) {
		t.Fatalf("%s: the driver sees\n%s\nwant\n%s", describe, strings.Join(log, "\n"), strings.Join(wantLog, "\n"))
	}
	checkSpans(t, describe, sdk, log, shape.Hook != nil)
}

// checkSpans checks that each statement that the driver executed has one span, and that
// there are no other spans.
func checkSpans(t *testing.T, describe string, sdk *oteltest.SDK, log []string, hooked bool) {
	t.Helper()
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%s: %d spans started, %d ended", describe, started, ended)
	}
	statements := 0
	for _, line := range log {
		op, _, _ := strings.Cut(line, " ")
		on, what, _ := strings.Cut(op, ".")
		if on == "stmt" || on == "conn" && !hooked {
			if strings.HasPrefix(what, "Exec") || strings.HasPrefix(what, "Query") {
				statements++
			}
		}
	}
	spans, slow := 0, 0
	for _, s := range sdk.Ended() {
		// On a slow machine, an activity such as connecting or BEGIN may take so long that it has a span.
		took := s.EndTime().Sub(s.StartTime())
		if s.SpanKind() != trace.SpanKindClient {
			if took < 100*time.Millisecond {
				t.Errorf("%s: span %s", describe, s.Name())
			}
			continue
		}
		if took >= 100*time.Millisecond {
			slow++
		}
		// Without a hook, a call that failed did not reach the driver.
		if s.Status().Code != codes.Error || hooked {
			spans++
		}
	}
	if spans < statements || spans-slow > statements && !hooked {
		t.Errorf("%s: %d statements have %d spans", describe, statements, spans)
	}
}

func TestConnectionsAreAsTheDriversOwn(t *testing.T) {
	for set := range sqltest.ConnAll + 1 {
		compare(t, &sqltest.DB{Conn: set, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll, Returned: 2})
		if t.Failed() {
			return
		}
	}
}

func TestStatementsAreAsTheDriversOwn(t *testing.T) {
	for set := range sqltest.StmtAll + 1 {
		for _, conn := range []sqltest.ConnSet{0, sqltest.ConnChecker, sqltest.ConnAll} {
			compare(t, &sqltest.DB{Conn: conn, Stmt: set, Returned: 2})
		}
		if t.Failed() {
			return
		}
	}
}

func TestRowsAreAsTheDriversOwn(t *testing.T) {
	for set := range sqltest.RowsAll + 1 {
		compare(t, &sqltest.DB{Conn: sqltest.ConnAll, Stmt: sqltest.StmtAll, Rows: set, Returned: 2})
		if t.Failed() {
			return
		}
	}
}

// TestStatementsThatAreSkippedAreAsTheDriversOwn checks a driver that returns ErrSkip.
// database/sql then prepares the statement. The traced pool must return the same results as
// a plain pool.
func TestStatementsThatAreSkippedAreAsTheDriversOwn(t *testing.T) {
	skip := func(_ context.Context, op, _ string) error {
		if strings.HasPrefix(op, "conn.Exec") || strings.HasPrefix(op, "conn.Query") {
			return driver.ErrSkip
		}
		return nil
	}
	for set := range sqltest.ConnAll + 1 {
		compare(t, &sqltest.DB{Conn: set, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll, Returned: 2, Hook: skip})
		if t.Failed() {
			return
		}
	}
}

// TestFailuresAreAsTheDriversOwn checks calls that all fail. The traced pool must return
// the same errors as a plain pool.
func TestFailuresAreAsTheDriversOwn(t *testing.T) {
	fail := func(_ context.Context, op, _ string) error {
		if op == "connector.Connect" || op == sqltest.ConnectorClosed || strings.HasPrefix(op, "conn.Ping") || strings.HasPrefix(op, "conn.Close") {
			return nil
		}
		return errors.New(op + " failed")
	}
	for _, set := range []sqltest.ConnSet{0, sqltest.ConnExecer | sqltest.ConnQueryer, sqltest.ConnAll &^ sqltest.ConnValidator} {
		compare(t, &sqltest.DB{Conn: set, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll, Returned: 2, Hook: fail})
	}
}
