package pgxtrace

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// noTag is the command tag of what has none.
var noTag pgconn.CommandTag

// connecting is a connection being made. It is the context that pgx keeps for it.
type connecting struct {
	context.Context //nolint:containedctx // it is a context

	session *session
	start   time.Time
}

type connectKey struct{}

// Value returns the connection being made for its key.
func (c *connecting) Value(key any) any {
	switch key {
	case connectKey{}:
		return c
	case statementKey{}: // what the connection is made for is another matter
		return nil
	}
	return c.Context.Value(key)
}

// TraceConnectStart begins a connection.
func (t *tracer) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	t.pools.connecting(ctx)
	s := t.newSession(data.ConnConfig)
	s.wire.tap(data.ConnConfig)
	return &connecting{Context: ctx, session: s, start: time.Now()}
}

// TraceConnectEnd makes a span only if connecting failed or took long.
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
