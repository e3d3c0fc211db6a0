package pgxtrace

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

const scopeName = "github.com/nais/spor/sqltrace/pgxtrace"

// tracer is what connections and pools tell of themselves. It is used by all of
// them at once; what belongs to one connection is its session.
type tracer struct {
	*db.Telemetry
	config    *sqldb.Config
	databases cache.Map[db.Target, *sqldb.Statements]
	pools     pools
}

func newTracer(opts []sqltrace.Option) *tracer {
	c := db.NewConfig(opts)
	t := &tracer{Telemetry: db.NewTelemetry(&c.Config, scopeName), config: c}
	t.pools.tracer = t
	return t
}

// statements returns the statements of the database that config is of.
func (t *tracer) statements(config *pgx.ConnConfig) *sqldb.Statements {
	return t.databases.Get(targetOf(config), func(target db.Target) *sqldb.Statements {
		return sqldb.NewStatements(t.config, target)
	})
}

// targetOf returns the database that config is of. A host may be the path of a socket.
func targetOf(config *pgx.ConnConfig) db.Target {
	port := ""
	if !strings.HasPrefix(config.Host, "/") {
		port = strconv.Itoa(int(config.Port))
	}
	return db.Target{System: "postgresql"}.At(config.Host, port, config.Database)
}

// TraceQueryStart begins a query, or part of a transaction.
func (t *tracer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !t.Observed(ctx) {
		return unobserved(ctx)
	}
	s := t.sessionOf(conn)
	s.abandon(conn)
	st := &statement{session: s, operation: s.statement(data.SQL), start: time.Now()}
	if st.operation.Transaction == "" {
		st.begin(ctx)
		s.wire.listen(st, st.operation.Comment(st.span))
	} else {
		st.Context = s.beginTransaction(ctx, st.operation)
	}
	s.open(st)
	return st
}

// TraceQueryEnd ends it. pgx calls it when the rows are closed.
func (t *tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	st := statementOf(ctx)
	if st == nil {
		return
	}
	o := classify(st, data.Err)
	if st.operation.Transaction == "COMMIT" && data.Err == nil && strings.HasPrefix(data.CommandTag.String(), "ROLLBACK") {
		o = classify(st, pgx.ErrTxCommitRollback)
	}
	st.end(data.CommandTag, o)
	st.session.endTransaction(conn, o)
}

// TraceCopyFromStart begins a COPY.
func (t *tracer) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	if !t.Observed(ctx) {
		return unobserved(ctx)
	}
	s := t.sessionOf(conn)
	s.abandon(conn)
	columns := make(pgx.Identifier, 0, len(data.ColumnNames))
	for _, name := range data.ColumnNames {
		columns = append(columns, pgx.Identifier{name}.Sanitize())
	}
	text := "copy " + data.TableName.Sanitize() + " ( " + strings.Join(columns, ", ") + " ) from stdin binary"
	st := &statement{session: s, operation: s.statements.Get(text), start: time.Now(), copies: true}
	st.begin(ctx)
	s.open(st)
	return st
}

// TraceCopyFromEnd ends it.
func (t *tracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	if st := statementOf(ctx); st != nil {
		o := classify(st, data.Err)
		st.end(data.CommandTag, o)
		st.session.endTransaction(conn, o)
	}
}

var _ interface {
	pgx.QueryTracer
	pgx.BatchTracer
	pgx.CopyFromTracer
	pgx.PrepareTracer
	pgx.ConnectTracer
	pgxpool.AcquireTracer
	pgxpool.ReleaseTracer
} = (*tracer)(nil)
