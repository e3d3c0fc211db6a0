package sqltrace

import (
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"runtime"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// rows wraps the rows of a statement. It counts the rows that the program reads, and stores the
// error that ended the reading.
//
// If the driver's rows do not implement an optional interface, the methods of this
// interface return the default values of database/sql.
type rows struct {
	driver.Rows

	statement *statement
	returned  int
	err       error // the error that ended reading; io.EOF after the last row
	released  bool

	older, newer *rows           // the previous and the next element in the list of readings
	watched      bool            // r has left the list
	lost         runtime.Cleanup // is called when the program has lost r
}

func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	r.saw(err)
	return err
}

func (r *rows) saw(err error) {
	if err == nil {
		r.returned++
	} else {
		r.err = err
	}
}

// Close closes the rows and ends the span. database/sql also calls Close after the last
// row, and when the context ends.
func (r *rows) Close() error {
	defer r.release() // deferred, because the driver may panic
	err := r.Rows.Close()
	if r.err == nil {
		r.err = err
	}
	if r.err == nil {
		r.err = r.statement.ctx.Err()
	}
	return err
}

// release records the duration and ends the span, unless it has already done this. The end time is
// the time at which the driver returned the rows. The time after that is not part of the span,
// because the program uses it to read the rows. database/sql locks the connection when it calls
// Close.
func (r *rows) release() {
	if r.released {
		return
	}
	r.released = true
	r.statement.engine.readings.remove(r)
	var o db.Outcome
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		o = sqldb.Classify(r.statement.ctx, r.err)
	}
	st := r.statement
	st.rowCount = semconv.DBResponseReturnedRows(r.returned)
	st.record(o)
	if time.Since(st.answered) < sqldb.Slack {
		st.end(o)
	} else {
		st.end(o, trace.WithTimestamp(st.answered))
	}
}

func (r *rows) HasNextResultSet() bool {
	next, ok := r.Rows.(driver.RowsNextResultSet)
	return ok && next.HasNextResultSet()
}

func (r *rows) NextResultSet() error {
	next, ok := r.Rows.(driver.RowsNextResultSet)
	if !ok {
		return io.EOF
	}
	err := next.NextResultSet()
	r.err = err
	return err
}

func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	if typed, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return typed.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}

func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if typed, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return typed.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}

func (r *rows) ColumnTypeLength(index int) (length int64, ok bool) {
	if typed, ok := r.Rows.(driver.RowsColumnTypeLength); ok {
		return typed.ColumnTypeLength(index)
	}
	return 0, false
}

func (r *rows) ColumnTypeNullable(index int) (nullable, ok bool) {
	if typed, ok := r.Rows.(driver.RowsColumnTypeNullable); ok {
		return typed.ColumnTypeNullable(index)
	}
	return false, false
}

func (r *rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if typed, ok := r.Rows.(driver.RowsColumnTypePrecisionScale); ok {
		return typed.ColumnTypePrecisionScale(index)
	}
	return 0, 0, false
}
