package sqltrace

import (
	"context"
	"database/sql/driver"

	"github.com/nais/spor/internal/db"
)

// prepared is the prepared statement that database/sql uses.
type prepared struct {
	conn    *conn
	query   string
	direct  *directStmt
	skipped *statement // the statement for which database/sql prepared this one, or nil
}

// newPrepared returns a statement that wraps the statement that c.direct prepared last. The new
// statement has the method ColumnConverter only if the driver's statement
// has this method. This is necessary because database/sql converts arguments differently if
// the method is missing.
func newPrepared(c *conn, query string, st *statement) driver.Stmt {
	s := &prepared{conn: c, query: query, direct: c.direct.prepared, skipped: st}
	c.direct.prepared = nil
	if converter, ok := s.direct.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // some drivers have only this method
		return convertingPrepared{s, converter}
	}
	return s
}

type convertingPrepared struct {
	*prepared

	converter driver.ColumnConverter //nolint:staticcheck // some drivers have only this method
}

func (s convertingPrepared) ColumnConverter(index int) driver.ValueConverter {
	return s.converter.ColumnConverter(index)
}

func (s *prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	st := s.begin(ctx)
	if st == nil {
		return s.direct.exec(ctx, args)
	}
	defer s.conn.endAttempt(st)
	result, err := s.direct.exec(st.startSpan(), args)
	st.answer(result, nil, err)
	return result, err
}

func (s *prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	st := s.begin(ctx)
	if st == nil {
		return s.direct.query(ctx, args)
	}
	defer func() { rows = s.conn.endAttempt(st) }()
	rows, err = s.direct.query(st.startSpan(), args)
	st.answer(nil, rows, err)
	return nil, err
}

// begin continues the statement that s was prepared for. If there is no such statement,
// begin starts a new statement. If nothing records the new statement, begin returns nil.
func (s *prepared) begin(ctx context.Context) *statement {
	st := s.skipped
	if st == nil {
		return s.conn.begin(ctx, s.query)
	}
	s.skipped = nil
	st.reset()
	return st
}

// CheckNamedValue calls the driver's statement. If the driver's statement does not check
// values, CheckNamedValue calls the driver's connection. database/sql uses the same order.
func (s *prepared) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.direct.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// Close closes the prepared statement. If database/sql prepared s for a skipped statement
// and then did not accept the arguments, Close also ends the span of the skipped statement.
func (s *prepared) Close() error {
	if st := s.skipped; st != nil {
		s.skipped = nil
		st.end(db.Outcome{})
	}
	return s.direct.Close()
}

func (s *prepared) NumInput() int { return s.direct.NumInput() }

// Exec is not called by database/sql.
func (s *prepared) Exec(args []driver.Value) (driver.Result, error) {
	return s.direct.Exec(args)
}

// Query is not called by database/sql.
func (s *prepared) Query(args []driver.Value) (driver.Rows, error) {
	return s.direct.Query(args)
}

var _ interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
} = (*prepared)(nil)
