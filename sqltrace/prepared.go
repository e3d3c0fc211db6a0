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
	skipped *statement // that the statement was prepared for
}

// newPrepared returns a statement with what otelsql made. One with a ColumnConverter
// has one; without it, database/sql converts arguments differently.
func newPrepared(c *conn, query string, made driver.Stmt, st *statement) driver.Stmt {
	s := &prepared{conn: c, query: query, direct: c.direct.prepared, skipped: st}
	c.direct.prepared = nil
	s.otelsql = made.(interface { //nolint:forcetypeassert // otelsql has both
		driver.StmtExecContext
		driver.StmtQueryContext
	})
	if converter, ok := s.direct.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // for drivers that have no other
		return convertingPrepared{s, converter}
	}
	return s
}

// convertingStmt is a statement of a driver that converts arguments by column.
type convertingPrepared struct {
	*prepared

	converter driver.ColumnConverter //nolint:staticcheck // for drivers that have no other
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

// begin goes on with the statement that this one was prepared for, or begins one.
func (s *prepared) begin(ctx context.Context) *statement {
	st := s.skipped
	if st == nil {
		return s.conn.begin(ctx, s.query)
	}
	s.skipped = nil
	s.conn.startAttempt(st)
	return st
}

// CheckNamedValue asks the driver's statement, then its connection, as
// database/sql does.
func (s *prepared) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.direct.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// Close ends the span of a statement whose arguments database/sql did not accept.
func (s *prepared) Close() error {
	if st := s.skipped; st != nil {
		s.skipped = nil
		st.end(db.Outcome{})
	}
	return s.direct.Close()
}

// NumInput is the driver's own.
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
