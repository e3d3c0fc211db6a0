package corpus

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// databases contains one traced database per db.system.name. A fake driver answers every
// statement.
type databases struct {
	telemetry *telemetry
	open      map[string]*sql.DB
	refuse    bool // the driver answers with an error
}

func newDatabases() *databases {
	return &databases{telemetry: newTelemetry(), open: map[string]*sql.DB{}}
}

// refusal is an error that quotes the statement, as the errors of some databases do.
type refusal struct{ query string }

func (e refusal) Error() string { return "syntax error in " + e.query }

// get returns the database of a system.
func (d *databases) get(system string) *sql.DB {
	if db := d.open[system]; db != nil {
		return db
	}
	fake := &sqltest.DB{
		Conn: sqltest.ConnAll, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll, Returned: 1, Quiet: true,
		Hook: func(_ context.Context, _, query string) error {
			if d.refuse && query != "" {
				return refusal{query}
			}
			return nil
		},
	}
	db := sqltrace.OpenDB(fake.Connector(),
		sqltrace.WithTracerProvider(d.telemetry.tracers), sqltrace.WithMeterProvider(d.telemetry.meters),
		sqltrace.WithAttributes(attribute.String("db.system.name", system)))
	db.SetMaxOpenConns(1)
	d.open[system] = db
	return db
}

func (d *databases) close() error {
	var errs []error
	for _, db := range d.open {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// record executes the statement twice, and returns what was recorded. The first call
// succeeds. The second one fails, and the error quotes the statement. The data points of
// both calls are part of the second recording.
func (d *databases) record(ctx context.Context, s *Statement) (succeeded, failed *recording, err error) {
	db := d.get(s.System)
	if succeeded, err = d.call(ctx, db, s.SQL, false); err != nil {
		return nil, nil, err
	}
	if failed, err = d.call(ctx, db, s.SQL, true); err != nil {
		return nil, nil, err
	}
	return succeeded, failed, d.telemetry.takeMetrics(ctx, failed)
}

func (d *databases) call(ctx context.Context, db *sql.DB, text string, refuse bool) (*recording, error) {
	d.refuse = refuse
	err := execute(ctx, db, text)
	if errors.As(err, new(refusal)) == refuse && (refuse || err == nil) {
		return d.telemetry.takeSpans()
	}
	return nil, errors.Join(errors.New("the driver's answer did not reach the caller"), err)
}

// execute reads the rows of a statement that returns rows. It does not read rows of other
// statements.
func execute(ctx context.Context, db *sql.DB, text string) error {
	if !returnsRows(text) {
		_, err := db.ExecContext(ctx, text)
		return err
	}
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	return errors.Join(rows.Err(), rows.Close())
}

// returnsRows reports whether the first word of text belongs to a query.
func returnsRows(text string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n("), " ")
	switch strings.ToUpper(strings.TrimSpace(first)) {
	case "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESC", "DESCRIBE", "FETCH", "CALL", "PRAGMA":
		return true
	}
	return false
}
