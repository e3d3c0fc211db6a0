package sqltrace

import (
	"context"
	"database/sql/driver"

	"github.com/nais/spor/internal/db"
)

// prepared is a prepared statement as database/sql sees it.
type prepared struct {
	conn    *conn
	query   string
	direct  *directStmt
	otelsql interface {
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	skipped *statement // the statement of the program that this one was prepared for, or nil
}

// newPrepared returns a statement around made, which otelsql made. The statement has a
// ColumnConverter only if the driver's statement has one, because database/sql converts
// arguments differently without it.
func newPrepared(c *conn, query string, made driver.Stmt, st *statement) driver.Stmt {
	s := &prepared{conn: c, query: query, direct: c.direct.prepared, skipped: st}
	c.direct.prepared = nil
	s.otelsql = made.(interface { //nolint:forcetypeassert // otelsql's statement has both methods
		driver.StmtExecContext
		driver.StmtQueryContext
	})
	if converter, ok := s.direct.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // some drivers have only this method
		return convertingPrepared{s, converter}
	}
	return s
}

// convertingPrepared is a prepared statement of a driver that converts arguments by column.
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
		return s.direct.ExecContext(ctx, args)
	}
	defer s.conn.endAttempt(st)
	_, _ = s.otelsql.ExecContext(st, args)
	return st.result, st.err
}

func (s *prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	st := s.begin(ctx)
	if st == nil {
		return s.direct.QueryContext(ctx, args)
	}
	defer func() { rows = s.conn.endAttempt(st) }()
	_, _ = s.otelsql.QueryContext(st, args)
	return nil, st.err
}

// begin continues the statement that s was prepared for. If there is none, begin starts a
// new statement, or returns nil if nothing records it.
func (s *prepared) begin(ctx context.Context) *statement {
	st := s.skipped
	if st == nil {
		return s.conn.begin(ctx, s.query)
	}
	s.skipped = nil
	s.conn.startAttempt(st)
	return st
}

// CheckNamedValue calls the driver's statement or, if that does not check values, the
// driver's connection. database/sql uses the same order.
func (s *prepared) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.direct.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// Close also ends the span of a statement whose arguments database/sql did not accept.
func (s *prepared) Close() error {
	if st := s.skipped; st != nil {
		s.skipped = nil
		st.end(db.Outcome{})
	}
	return s.direct.Close()
}

// NumInput returns the value of the driver's statement.
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
