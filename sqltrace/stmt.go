package sqltrace

import (
	"context"
	"database/sql/driver"

	"github.com/nais/spor/internal/db"
)

// stmt is a prepared statement as database/sql sees it.
type stmt struct {
	conn    *conn
	query   string
	direct  *directStmt
	otelsql interface {
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	skipped *call // that the statement was prepared for
}

// newStmt returns a statement with what otelsql made. One with a ColumnConverter
// has one; without it, database/sql converts arguments differently.
func newStmt(c *conn, query string, made driver.Stmt, k *call) driver.Stmt {
	s := &stmt{conn: c, query: query, direct: c.direct.prepared, skipped: k}
	c.direct.prepared = nil
	s.otelsql = made.(interface { //nolint:forcetypeassert // otelsql has both
		driver.StmtExecContext
		driver.StmtQueryContext
	})
	if converter, ok := s.direct.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // for drivers that have no other
		return convertingStmt{s, converter}
	}
	return s
}

// convertingStmt is a statement of a driver that converts arguments by column.
type convertingStmt struct {
	*stmt

	converter driver.ColumnConverter //nolint:staticcheck // for drivers that have no other
}

func (s convertingStmt) ColumnConverter(index int) driver.ValueConverter {
	return s.converter.ColumnConverter(index)
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	k := s.begin(ctx)
	if k == nil {
		return s.direct.ExecContext(ctx, args)
	}
	defer s.conn.settle(k)
	_, _ = s.otelsql.ExecContext(k, args)
	return k.result, k.err
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	k := s.begin(ctx)
	if k == nil {
		return s.direct.QueryContext(ctx, args)
	}
	defer func() { rows = s.conn.settle(k) }()
	_, _ = s.otelsql.QueryContext(k, args)
	return nil, k.err
}

// begin goes on with the call that the statement was prepared for, or begins one.
func (s *stmt) begin(ctx context.Context) *call {
	k := s.skipped
	if k == nil {
		return s.conn.begin(ctx, s.query)
	}
	s.skipped = nil
	s.conn.attempt(k)
	return k
}

// CheckNamedValue asks the driver's statement, then its connection, as
// database/sql does.
func (s *stmt) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.direct.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// Close ends the span of a call whose arguments database/sql did not accept.
func (s *stmt) Close() error {
	if k := s.skipped; k != nil {
		s.skipped = nil
		k.end(db.Outcome{})
	}
	return s.direct.Close()
}

// NumInput is the driver's own.
func (s *stmt) NumInput() int { return s.direct.NumInput() }

// Exec is not called by database/sql.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.direct.Exec(args)
}

// Query is not called by database/sql.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.direct.Query(args)
}

var _ interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
} = (*stmt)(nil)
