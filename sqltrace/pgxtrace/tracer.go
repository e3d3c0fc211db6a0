package pgxtrace

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

const scopeName = "github.com/nais/spor/sqltrace/pgxtrace"

// tracer is the tracer that pgx and pgxpool call. Several connections and pools may use one
// tracer at the same time. The state of one connection is stored in its session.
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

func (t *tracer) statements(config *pgx.ConnConfig) *sqldb.Statements {
	return t.databases.Get(targetOf(config), func(target db.Target) *sqldb.Statements {
		return sqldb.NewStatements(t.config, target)
	})
}

// targetOf returns the database to which config connects. config.Host may be the path of a
// socket.
func targetOf(config *pgx.ConnConfig) db.Target {
	port := ""
	if !strings.HasPrefix(config.Host, "/") {
		port = strconv.Itoa(int(config.Port))
	}
	return db.Target{System: "postgresql"}.At(config.Host, port, config.Database)
}

// sessionOf returns the session of conn. If pgx did not report that conn was connected,
// there is no session yet. Then sessionOf makes a session.
func (t *tracer) sessionOf(conn *pgx.Conn) *session {
	custom := conn.PgConn().CustomData()
	if s, ok := custom[sqldb.SessionKey].(*session); ok {
		return s
	}
	s := newSession(t, conn.Config())
	s.keep(custom)
	return s
}

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
		st.finishes = finishes(st.operation.Transaction, data.SQL)
	}
	s.open(st)
	return st
}

// TraceQueryEnd ends the statement. pgx calls TraceQueryEnd when the rows are closed.
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
	if st.finishes && data.Err != nil { // pgx closes the connection after this call
		st.session.finishTransaction(o)
		return
	}
	st.session.endTransaction(conn, o)
}

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

func (t *tracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	if st := statementOf(ctx); st != nil {
		o := classify(st, data.Err)
		st.end(data.CommandTag, o)
		st.session.endTransaction(conn, o)
	}
}

// TraceBatchStart starts a batch.
func (t *tracer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !t.Observed(ctx) {
		if ctx.Value(batchKey{}) == nil {
			return ctx
		}
		return context.WithValue(ctx, batchKey{}, (*batch)(nil))
	}
	s := t.sessionOf(conn)
	s.abandon(conn)
	b := &batch{session: s, queued: data.Batch.QueuedQueries, start: time.Now()}
	b.Context = s.tx.above(ctx)
	b.begin()
	s.wire.begin(b, b.start, true, "")
	return b
}

// TraceBatchQuery records a statement of a batch. pgx calls it after the rows of the
// statement were read.
func (t *tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	b, _ := ctx.Value(batchKey{}).(*batch)
	if b == nil || b.answered >= len(b.queued) { // the program itself called this method
		return
	}
	if data.Err != nil && b.failed { // an earlier statement failed, so the server did not execute this one
		b.answered++
		return
	}
	b.record(data.SQL, data.CommandTag, classify(ctx, data.Err))
}

// TraceBatchEnd ends the batch. If a statement failed and pgx did not report this
// statement, TraceBatchEnd records it.
func (t *tracer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	b, _ := ctx.Value(batchKey{}).(*batch)
	if b == nil {
		return
	}
	o := classify(ctx, data.Err)
	if sql, unrecorded := b.failedStatement(data.Err); unrecorded && o.Failed {
		b.record(sql, noTag, o)
	}
	if b.operation != nil && o.Failed && !isOfDatabase(conn, data.Err) {
		o = db.Outcome{} // a function of the program returned the error
	}
	b.end(o)
	b.session.endTransaction(conn, o)
}

// pgx calls TracePrepareStart when it starts to prepare a statement. There are two reasons for a
// preparation: the program requested it, or pgx needs it to execute a statement.
func (t *tracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	return &preparing{Context: ctx, name: data.Name, text: data.SQL, start: time.Now(), observed: t.Observed(ctx)}
}

// TracePrepareEnd ends the preparation. It makes a span only if preparing failed or took at
// least 100 ms.
func (t *tracer) TracePrepareEnd(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareEndData) {
	p, _ := ctx.Value(prepareKey{}).(*preparing)
	if p == nil || data.AlreadyPrepared {
		return
	}
	s := t.sessionOf(conn)
	if data.Err == nil && p.name != "" && p.name != p.text && !strings.HasPrefix(p.name, cached) {
		s.remember(p.name, p.text)
	}
	o := sqldb.Classify(ctx, data.Err)
	outer := statementOf(ctx)
	if p.observed && db.Notable(time.Since(p.start), o) {
		if outer != nil {
			t.Note(p.Context, "prepare", s.statements.StartOptions(trace.SpanKindInternal, ""), p.start, o)
		} else {
			statement := s.statements.Get(p.text)
			t.Note(s.tx.above(p.Context), statement.SpanName, statement.Start, p.start, o)
		}
	}
	if outer != nil && outer.copies && data.Err != nil {
		outer.end(noTag, o) // pgx does not report the end of such a COPY
	}
}

func (t *tracer) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	s := newSession(t, data.ConnConfig)
	s.wire.pool = t.pools.connecting(ctx)
	s.wire.wrapFrontend(data.ConnConfig)
	return &connecting{Context: ctx, session: s, start: time.Now()}
}

// TraceConnectEnd is called after connecting. It makes a span only if connecting failed or
// took at least 100 ms.
func (t *tracer) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	c, _ := ctx.Value(connectKey{}).(*connecting)
	if c == nil {
		return
	}
	took := time.Since(c.start)
	if o := sqldb.Classify(ctx, data.Err); db.Notable(took, o) {
		t.Note(c.Context, "connect", c.session.statements.StartOptions(trace.SpanKindInternal, ""), c.start, o)
	}
	if data.Conn == nil || data.Err != nil {
		return
	}
	c.session.keep(data.Conn.PgConn().CustomData())
	t.pools.created(c.Context, took)
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
