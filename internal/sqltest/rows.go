package sqltest

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"
)

// Rows is the result of a query. It has no optional interfaces. Each row contains a number
// and a name.
type Rows struct {
	db    *DB
	ctx   context.Context //nolint:containedctx // the context of the query
	query string
	left  int
	sets  int
}

// Columns implements [driver.Rows].
func (r *Rows) Columns() []string { return columns }

var columns = []string{"id", "name"}

// Close implements [driver.Rows].
func (r *Rows) Close() error { return r.db.ask(r.ctx, "rows.Close", r.query) }

// Next implements [driver.Rows].
func (r *Rows) Next(dest []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	if r.db.Hook != nil {
		if err := r.db.Hook(r.ctx, "rows.Next", r.query); err != nil {
			return err
		}
	}
	r.left--
	dest[0], dest[1] = one, name
	return nil
}

// These variables have an interface type, so that returning their values does not allocate
// memory.
var one, name driver.Value = int64(1), "Ada"

// These types implement the optional interfaces of [Rows].
type (
	rowsNext      struct{ r *Rows }
	rowsScanType  struct{ r *Rows }
	rowsTypeName  struct{ r *Rows }
	rowsLength    struct{ r *Rows }
	rowsNullable  struct{ r *Rows }
	rowsPrecision struct{ r *Rows }
)

func (m rowsNext) HasNextResultSet() bool { return m.r.sets == 0 }

func (m rowsNext) NextResultSet() error {
	if m.r.sets > 0 {
		return io.EOF
	}
	m.r.sets++
	m.r.left = m.r.db.Returned
	return m.r.db.ask(m.r.ctx, "rows.NextResultSet", m.r.query)
}

func (m rowsScanType) ColumnTypeScanType(index int) reflect.Type {
	if index == 0 {
		return reflect.TypeFor[int32]()
	}
	return reflect.TypeFor[string]()
}

func (m rowsTypeName) ColumnTypeDatabaseTypeName(index int) string {
	return []string{"INT4", "TEXT"}[index]
}

func (m rowsLength) ColumnTypeLength(index int) (length int64, ok bool) { return 80, index == 1 }

func (m rowsNullable) ColumnTypeNullable(index int) (nullable, ok bool) { return index == 1, true }

func (m rowsPrecision) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	return 10, 2, index == 0
}
