package sqltest

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// A Conn is a connection without optional interfaces.
type Conn struct{ db *DB }

// Prepare implements [driver.Conn].
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	return c.prepare(context.Background(), "conn.Prepare", query)
}

func (c *Conn) prepare(ctx context.Context, op, query string) (driver.Stmt, error) {
	if err := c.db.ask(ctx, op, query); err != nil {
		return nil, err
	}
	return stmts[c.db.Stmt](&Stmt{c.db, query}), nil
}

// Close implements [driver.Conn].
func (c *Conn) Close() error {
	c.db.mu.Lock()
	c.db.closed++
	c.db.mu.Unlock()
	return c.db.ask(context.Background(), "conn.Close", "")
}

// Begin implements [driver.Conn].
func (c *Conn) Begin() (driver.Tx, error) {
	return &tx{c.db}, c.db.ask(context.Background(), "conn.Begin", "")
}

func (db *DB) exec(ctx context.Context, op, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := db.ask(ctx, op, query, db.values(args)...); err != nil {
		return nil, err
	}
	return result{}, nil
}

func (db *DB) query(ctx context.Context, op, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := db.ask(ctx, op, query, db.values(args)...); err != nil {
		return nil, err
	}
	return rowses[db.Rows](&Rows{db: db, ctx: ctx, query: query, left: db.Returned}), nil
}

func (db *DB) values(args []driver.NamedValue) []any {
	if db.Quiet {
		return nil
	}
	out := make([]any, 0, len(args))
	for _, arg := range args {
		out = append(out, fmt.Sprintf("%s%d=%T(%v)", arg.Name, arg.Ordinal, arg.Value, arg.Value))
	}
	return out
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, 0, len(args))
	for i, arg := range args {
		out = append(out, driver.NamedValue{Ordinal: i + 1, Value: arg})
	}
	return out
}

// check accepts a slice of int, which database/sql does not accept by default. For every
// other value, check returns [driver.ErrSkip], so that database/sql applies its default.
func (db *DB) check(op string, value *driver.NamedValue) error {
	_ = db.ask(context.Background(), op, "", fmt.Sprintf("%T", value.Value))
	if ints, ok := value.Value.([]int); ok {
		value.Value = fmt.Sprint(ints)
		return nil
	}
	return driver.ErrSkip
}

type result struct{}

func (result) LastInsertId() (int64, error) { return 7, nil }
func (result) RowsAffected() (int64, error) { return 3, nil }

type tx struct{ db *DB }

func (t *tx) Commit() error   { return t.db.ask(context.Background(), "tx.Commit", "") }
func (t *tx) Rollback() error { return t.db.ask(context.Background(), "tx.Rollback", "") }

// These types implement the optional interfaces of a [Conn].
type (
	connPinger         struct{ c *Conn }
	connExecer         struct{ c *Conn }
	connExecerContext  struct{ c *Conn }
	connQueryer        struct{ c *Conn }
	connQueryerContext struct{ c *Conn }
	connPrepareContext struct{ c *Conn }
	connBeginTx        struct{ c *Conn }
	connResetter       struct{ c *Conn }
	connValidator      struct{ c *Conn }
	connChecker        struct{ c *Conn }
)

func (m connPinger) Ping(ctx context.Context) error { return m.c.db.ask(ctx, "conn.Ping", "") }

func (m connExecer) Exec(query string, args []driver.Value) (driver.Result, error) {
	return m.c.db.exec(context.Background(), "conn.Exec", query, named(args))
}

func (m connExecerContext) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return m.c.db.exec(ctx, "conn.ExecContext", query, args)
}

func (m connQueryer) Query(query string, args []driver.Value) (driver.Rows, error) {
	return m.c.db.query(context.Background(), "conn.Query", query, named(args))
}

func (m connQueryerContext) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return m.c.db.query(ctx, "conn.QueryContext", query, args)
}

func (m connPrepareContext) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return m.c.prepare(ctx, "conn.PrepareContext", query)
}

func (m connBeginTx) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return &tx{m.c.db}, m.c.db.ask(ctx, "conn.BeginTx", fmt.Sprint(opts))
}

func (m connResetter) ResetSession(ctx context.Context) error {
	return m.c.db.ask(ctx, "conn.ResetSession", "")
}

func (m connValidator) IsValid() bool {
	return m.c.db.ask(context.Background(), "conn.IsValid", "") == nil
}

func (m connChecker) CheckNamedValue(value *driver.NamedValue) error {
	return m.c.db.check("conn.CheckNamedValue", value)
}
