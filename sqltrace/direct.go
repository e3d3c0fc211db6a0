package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// directDriver is the driver that otelsql wraps.
type directDriver struct{ connector driver.Connector }

func (d directDriver) Open(string) (driver.Conn, error) {
	return directConnector(d).Connect(context.Background())
}

func (d directDriver) OpenConnector(string) (driver.Connector, error) {
	return directConnector(d), nil
}

type directConnector directDriver

func (c directConnector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := c.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &direct{raw: raw}, nil
}

func (c directConnector) Driver() driver.Driver { return c.connector.Driver() }

// direct is a connection. It wraps the connection that the driver made. It calls the driver
// in the same way as database/sql does, and supports all combinations of optional
// interfaces.
type direct struct {
	raw      driver.Conn
	prepared *directStmt // the last statement that PrepareContext returned
}

func (d *direct) Prepare(query string) (driver.Stmt, error) { return d.raw.Prepare(query) }
func (d *direct) Close() error                              { return d.raw.Close() }
func (d *direct) Begin() (driver.Tx, error)                 { return d.raw.Begin() } //nolint:staticcheck // some drivers have only this method

func (d *direct) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if execer, ok := d.raw.(driver.ExecerContext); ok {
		return execer.ExecContext(ctx, query, args)
	}
	execer, ok := d.raw.(driver.Execer) //nolint:staticcheck // some drivers have only this method
	if !ok {
		return nil, driver.ErrSkip
	}
	values, err := valuesOf(ctx, args)
	if err != nil {
		return nil, err
	}
	return execer.Exec(query, values)
}

func (d *direct) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if queryer, ok := d.raw.(driver.QueryerContext); ok {
		return queryer.QueryContext(ctx, query, args)
	}
	queryer, ok := d.raw.(driver.Queryer) //nolint:staticcheck // some drivers have only this method
	if !ok {
		return nil, driver.ErrSkip
	}
	values, err := valuesOf(ctx, args)
	if err != nil {
		return nil, err
	}
	return queryer.Query(query, values)
}

func (d *direct) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	raw, err := d.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	d.prepared = &directStmt{raw}
	return d.prepared, nil
}

func (d *direct) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if preparer, ok := d.raw.(driver.ConnPrepareContext); ok {
		return preparer.PrepareContext(ctx, query)
	}
	stmt, err := d.raw.Prepare(query)
	if err == nil && ctx.Err() != nil {
		_ = stmt.Close()
		return nil, ctx.Err()
	}
	return stmt, err
}

func (d *direct) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if beginner, ok := d.raw.(driver.ConnBeginTx); ok {
		return beginner.BeginTx(ctx, opts)
	}
	if opts.Isolation != driver.IsolationLevel(sql.LevelDefault) {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := d.Begin()
	if err == nil && ctx.Err() != nil {
		_ = tx.Rollback()
		return nil, ctx.Err()
	}
	return tx, err
}

// directStmt is a prepared statement that the driver made.
type directStmt struct{ driver.Stmt }

func (s *directStmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if execer, ok := s.Stmt.(driver.StmtExecContext); ok {
		return execer.ExecContext(ctx, args)
	}
	values, err := valuesOf(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.Exec(values)
}

func (s *directStmt) query(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if queryer, ok := s.Stmt.(driver.StmtQueryContext); ok {
		return queryer.QueryContext(ctx, args)
	}
	values, err := valuesOf(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.Query(values)
}

// valuesOf converts args for a method that accepts neither names nor a context. It returns
// an error if an argument has a name or if ctx has ended.
func valuesOf(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, arg := range args {
		if arg.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = arg.Value
	}
	return values, ctx.Err()
}
