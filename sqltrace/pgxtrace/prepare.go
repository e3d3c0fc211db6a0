package pgxtrace

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// preparing is a statement being prepared. It is the context that pgx keeps for it.
type preparing struct {
	context.Context //nolint:containedctx // it is a context

	name, text string
	start      time.Time
	observed   bool
}

type prepareKey struct{}

// Value returns the statement being prepared for its key.
func (p *preparing) Value(key any) any {
	if key == (prepareKey{}) {
		return p
	}
	return p.Context.Value(key)
}

// cached is what the names begin with that pgx itself gives to statements.
const cached = "stmtcache_"

// TracePrepareStart begins to prepare a statement: for the program, or for a
// statement under way.
func (t *tracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	return &preparing{Context: ctx, name: data.Name, text: data.SQL, start: time.Now(), observed: t.Observed(ctx)}
}

// TracePrepareEnd makes a span only if that failed or took long.
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
		outer.end(noTag, o) // whose end pgx does not report
	}
}
