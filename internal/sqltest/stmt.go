package sqltest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// A Stmt is a prepared statement without optional interfaces.
type Stmt struct {
	db    *DB
	query string
}

// Close implements [driver.Stmt].
func (s *Stmt) Close() error { return s.db.ask(context.Background(), "stmt.Close", s.query) }

// NumInput implements [driver.Stmt].
func (s *Stmt) NumInput() int { return strings.Count(s.query, "?") }

// Exec implements [driver.Stmt].
func (s *Stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.db.exec(context.Background(), "stmt.Exec", s.query, named(args))
}

// Query implements [driver.Stmt].
func (s *Stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.db.query(context.Background(), "stmt.Query", s.query, named(args))
}

// These types implement the optional interfaces of a [Stmt].
type (
	stmtExecContext  struct{ s *Stmt }
	stmtQueryContext struct{ s *Stmt }
	stmtChecker      struct{ s *Stmt }
	stmtConverter    struct{ s *Stmt }
)

func (m stmtExecContext) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return m.s.db.exec(ctx, "stmt.ExecContext", m.s.query, args)
}

func (m stmtQueryContext) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return m.s.db.query(ctx, "stmt.QueryContext", m.s.query, args)
}

func (m stmtChecker) CheckNamedValue(value *driver.NamedValue) error {
	return m.s.db.check("stmt.CheckNamedValue", value)
}

func (m stmtConverter) ColumnConverter(index int) driver.ValueConverter {
	_ = m.s.db.ask(context.Background(), "stmt.ColumnConverter", strconv.Itoa(index))
	return converter{}
}

type converter struct{}

func (converter) ConvertValue(v any) (driver.Value, error) {
	return fmt.Sprintf("converted %v", v), nil
}
