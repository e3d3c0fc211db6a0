package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// A referenceRow is a program that runs with otelsql and with spor.
type referenceRow struct {
	name string
	run  func(program)
	conn sqltest.ConnSet // the optional interfaces of the connection; zero means all
	// at is an operation of the driver, such as conn.ExecContext. does is called instead of it, and
	// gets the number of earlier calls. If does returns nil, the operation is done as usual.
	at   string
	does func(p program, earlier int) error
}

// A program uses db. say adds values to what the program has got from db.
type program struct {
	ctx    context.Context
	cancel context.CancelFunc
	db     *sql.DB
	say    func(...any)
}

const (
	referenceQuery  = "SELECT id, name FROM orders WHERE name = 'Kari Nordmann' AND id = ?"
	referenceMasked = "SELECT id, name FROM orders WHERE name = ? AND id = ?"
	referenceUpdate = "UPDATE orders SET name = ?"
	preparing       = sqltest.ConnAll &^ (sqltest.ConnQueryer | sqltest.ConnQueryerContext | sqltest.ConnExecer | sqltest.ConnExecerContext)
)

var refused = stateError{"23505"}

// fail returns a function that always returns err.
func fail(err error) func(program, int) error { return func(program, int) error { return err } }

// failOnly returns a function that returns err only for one call.
func failOnly(call int, err error) func(program, int) error {
	return func(_ program, earlier int) error {
		if earlier == call {
			return err
		}
		return nil
	}
}

func cancelIt(p program, _ int) error { p.cancel(); return context.Canceled }

func dies(program, int) error { panic("the driver") }

var referenceRows = []referenceRow{
	{name: "query", run: program.query},
	{name: "query that fails", run: program.query, at: "conn.QueryContext", does: fail(refused)},
	{name: "query that is canceled", run: program.query, at: "conn.QueryContext", does: cancelIt},
	{name: "query that takes too long", run: program.query, at: "conn.QueryContext", does: fail(context.DeadlineExceeded)},
	{name: "query that is skipped", run: program.query, at: "conn.QueryContext", does: fail(driver.ErrSkip)},
	{name: "query that must be prepared", run: program.query, conn: preparing},
	{name: "query whose connection is bad once", run: program.query, at: "conn.QueryContext", does: failOnly(0, driver.ErrBadConn)},
	{name: "query whose connection is always bad", run: program.query, at: "conn.QueryContext", does: fail(driver.ErrBadConn)},
	{name: "query that panics", run: program.query, at: "conn.QueryContext", does: dies},
	{name: "query whose rows fail", run: program.query, at: "rows.Next", does: failOnly(1, refused)},
	{name: "query whose rows are canceled", run: program.query, at: "rows.Next", does: cancelIt},
	{name: "query whose rows cannot be closed", run: program.queryOnly, at: "rows.Close", does: fail(refused)},
	{name: "query that is not read", run: program.queryOnly},
	{name: "query of one row", run: program.queryRow},
	{name: "query of no rows", run: program.queryRow, at: "rows.Next", does: fail(io.EOF)},
	{name: "query without a parent", run: func(p program) { p.ctx = context.Background(); p.query() }},

	{name: "exec", run: program.exec},
	{name: "exec that fails", run: program.exec, at: "conn.ExecContext", does: fail(refused)},
	{name: "exec that fails without a code", run: program.exec, at: "conn.ExecContext", does: fail(errors.New("no row for Kari"))},
	{name: "exec that is canceled", run: program.exec, at: "conn.ExecContext", does: cancelIt},
	{name: "exec that must be prepared", run: program.exec, conn: preparing},
	{name: "exec that is skipped", run: program.exec, at: "conn.ExecContext", does: fail(driver.ErrSkip)},
	{name: "exec whose connection is bad once", run: program.exec, at: "conn.ExecContext", does: failOnly(0, driver.ErrBadConn)},
	{name: "exec that panics", run: program.exec, at: "conn.ExecContext", does: dies},
	{name: "exec of an expired context", run: program.expired},

	{name: "prepared query", run: program.preparedQuery},
	{name: "prepared query that fails", run: program.preparedQuery, at: "stmt.QueryContext", does: fail(refused)},
	{name: "prepared exec", run: program.preparedExec},
	{name: "prepared exec that fails", run: program.preparedExec, at: "stmt.ExecContext", does: fail(refused)},
	{name: "not prepared", run: program.preparedExec, at: "conn.PrepareContext", does: fail(refused)},

	{name: "committed", run: program.commit},
	{name: "rolled back", run: program.rollback},
	{name: "rolled back by the context", run: program.abandon},
	{name: "not begun", run: program.commit, at: "conn.BeginTx", does: fail(refused)},
	{name: "not committed", run: program.commit, at: "tx.Commit", does: fail(refused)},
	{name: "not rolled back", run: program.rollback, at: "tx.Rollback", does: fail(refused)},

	{name: "not connected", run: program.query, at: "connector.Connect", does: fail(refused)},
	{name: "ping", run: program.ping},
	{name: "ping that fails", run: program.ping, at: "conn.Ping", does: fail(refused)},
	{name: "not reset", run: func(p program) { p.exec(); p.exec() }, at: "conn.ResetSession", does: fail(refused)},
}

func (p program) query() { p.read(p.db.QueryContext(p.ctx, referenceQuery, 1)) }

// read says what rows contains.
func (p program) read(rows *sql.Rows, err error) {
	p.say(err)
	if err != nil {
		return
	}
	for rows.Next() {
		var id, name any
		p.say(rows.Scan(&id, &name), id, name)
	}
	p.say(rows.Err(), rows.Close())
}

func (p program) queryOnly() {
	rows, err := p.db.QueryContext(p.ctx, referenceQuery, 1)
	p.say(err, rows.Close())
}

func (p program) queryRow() {
	var id, name any
	p.say(p.db.QueryRowContext(p.ctx, referenceQuery, 1).Scan(&id, &name), id, name)
}

func (p program) exec() { p.affected(p.db.ExecContext(p.ctx, referenceUpdate, "tea")) }

func (p program) affected(result sql.Result, err error) {
	p.say(err)
	if err == nil {
		p.say(result.RowsAffected())
		p.say(result.LastInsertId())
	}
}

func (p program) expired() {
	ctx, cancel := context.WithDeadline(p.ctx, time.Unix(0, 0))
	defer cancel()
	p.ctx = ctx
	p.exec()
}

func (p program) ping() { p.say(p.db.PingContext(p.ctx)) }

func (p program) preparedQuery() {
	p.prepare(referenceQuery, func(stmt *sql.Stmt) { p.read(stmt.QueryContext(p.ctx, 1)) })
}

func (p program) preparedExec() {
	p.prepare(referenceUpdate, func(stmt *sql.Stmt) { p.affected(stmt.ExecContext(p.ctx, "tea")) })
}

func (p program) prepare(text string, use func(*sql.Stmt)) {
	stmt, err := p.db.PrepareContext(p.ctx, text)
	p.say(err)
	if err == nil {
		use(stmt)
		p.say(stmt.Close())
	}
}

func (p program) begin() (*sql.Tx, error) {
	tx, err := p.db.BeginTx(p.ctx, &sql.TxOptions{ReadOnly: true})
	p.say(err)
	if err == nil {
		p.affected(tx.ExecContext(p.ctx, referenceUpdate, "tea"))
	}
	return tx, err
}

func (p program) commit() {
	if tx, err := p.begin(); err == nil {
		p.say(tx.Commit(), tx.Rollback())
	}
}

func (p program) rollback() {
	if tx, err := p.begin(); err == nil {
		p.say(tx.Rollback(), tx.Commit())
	}
}

// abandon cancels the context of a transaction. database/sql then rolls back.
func (p program) abandon() {
	tx, err := p.begin()
	if err != nil {
		return
	}
	p.cancel()
	for p.db.Stats().InUse > 0 { // until database/sql has rolled back
		runtime.Gosched()
	}
	p.say(tx.Commit())
}

// An opener opens a pool that an engine records in sdk.
type opener func(driver.Connector, *oteltest.SDK) *sql.DB

func openOtelsql(c driver.Connector, sdk *oteltest.SDK) *sql.DB {
	return otelsql.OpenDB(c, otelsql.WithTracerProvider(sdk.TracerProvider), otelsql.WithMeterProvider(sdk.MeterProvider),
		otelsql.WithAttributes(attribute.String("db.system.name", "postgresql")))
}

func openSpor(c driver.Connector, sdk *oteltest.SDK) *sql.DB {
	return sqltrace.OpenDB(c, options(sdk)...)
}

func openAtEnd(c driver.Connector, sdk *oteltest.SDK) *sql.DB {
	return sqltrace.OpenDB(c, options(sdk, sqltrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))...)
}

// record runs the program of the row, and returns the facts about it.
func (row referenceRow) record(t *testing.T, open opener) reference.Facts {
	t.Helper()
	sdk := oteltest.New(t)
	ctx, _ := parent(t, sdk)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var got []string
	p := program{ctx: ctx, cancel: cancel, say: func(values ...any) { got = append(got, fmt.Sprint(values...)) }}
	fake, earlier := full(), -1
	fake.Conn, fake.Stmt = row.conn, sqltest.StmtAll
	if row.conn == 0 {
		fake.Conn, fake.Stmt = sqltest.ConnAll, sqltest.StmtAll&^sqltest.StmtConverter // otelsql ignores the converter
	}
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op != row.at {
			return nil
		}
		earlier++
		return row.does(p, earlier)
	}
	p.db = open(fake.Connector(), sdk)
	row.safely(p)
	if err := p.db.Close(); err != nil {
		t.Error(err)
	}
	return factsOf(t, sdk, map[string]string{"program": strings.Join(got, "\n"), "driver": strings.Join(fake.Log(), "\n")})
}

func (row referenceRow) safely(p program) {
	defer func() {
		if v := recover(); v != nil {
			p.say("panic: ", v)
		}
	}()
	row.run(p)
}

// factsOf returns what sdk has recorded. The name of a span or a time series contains the name
// of the activity, unless the activity is a statement.
func factsOf(t *testing.T, sdk *oteltest.SDK, answer map[string]string) reference.Facts {
	t.Helper()
	f := make(reference.Facts)
	f.Add("answer", answer)
	for _, span := range sdk.Ended() {
		f.AddSpan("span"+activities[span.Name()], span)
	}
	for _, m := range sdk.Metrics(t, "") {
		if m.Name == "db.client.operation.duration" {
			f.AddMetric(m, func(attrs attribute.Set) string {
				name, _ := attrs.Value("db.operation.name")
				return "duration" + activities[name.AsString()]
			})
		}
	}
	return f
}

// activities contains the names for activities that are not statements.
var activities = map[string]string{
	"sql.connector.connect": " connect", "connect": " connect",
	"sql.conn.begin_tx": " BEGIN", "BEGIN": " BEGIN",
	"sql.tx.commit": " COMMIT", "COMMIT": " COMMIT",
	"sql.tx.rollback": " ROLLBACK", "ROLLBACK": " ROLLBACK",
	"sql.conn.prepare": " prepare", "sql.conn.reset_session": " reset", "sql.conn.ping": " ping", "sql.rows": " rows",
}

// TestAgainstReference compares what sqltrace and otelsql record.
func TestAgainstReference(t *testing.T) {
	j, ran := reference.NewJudge("sql", knownDifferences), 0
	for _, row := range referenceRows {
		t.Run(row.name, func(t *testing.T) {
			ran++
			spor := row.record(t, openSpor)
			j.Compare(t, "sql/"+row.name, row.record(t, openOtelsql), spor)
			for _, found := range reference.Differences(row.name, spor, row.record(t, openAtEnd)) {
				t.Errorf("at the start and at the end: %v", found)
			}
		})
	}
	if ran == len(referenceRows) { // the flag -run has selected no part of the rows
		j.CheckUsed(t)
	}
}
