package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/live"
	"github.com/nais/spor/internal/mute"
	"github.com/nais/spor/sqltrace/internal/dbcall"
	"github.com/nais/spor/sqltrace/internal/dbconf"
	"github.com/nais/spor/sqltrace/internal/dbpool"
)

// engine is what the connections of one database share.
type engine struct {
	*dbconf.Config
	tracer     *live.Tracer
	meter      *live.Meter[*dbcall.Durations]
	statements *dbcall.Statements
	poolName   string
	retries    retries
	readings   readings

	db   *sql.DB      // nil without metrics of the pool
	pool *dbpool.Pool // likewise
}

func newEngine(c *dbconf.Config, t dbconf.Target) *engine {
	return &engine{
		Config:     c,
		tracer:     live.NewTracer(c.TracerProvider, scopeName),
		meter:      live.NewMeter(c.MeterProvider, scopeName, func(m metric.Meter) *dbcall.Durations { return dbcall.NewDurations(m) }),
		statements: dbcall.NewStatements(c, t),
		poolName:   c.PoolName(t),
	}
}

// watch measures db until the pool is closed.
func (e *engine) watch(db *sql.DB) {
	e.db = db
	e.pool = dbpool.New(e.MeterProvider, scopeName, e.poolName, e.stats)
}

func (e *engine) stats() dbpool.Stats {
	s := e.db.Stats()
	return dbpool.Stats{Used: s.InUse, Idle: s.Idle, Max: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
}

// observed reports whether anybody wants to know what is done under ctx.
func (e *engine) observed(ctx context.Context) bool {
	_, tracing := e.tracer.Get()
	_, measuring := e.meter.Get()
	return (tracing || measuring) && !mute.Is(ctx)
}

// unusual is how long what makes no span otherwise may take.
const unusual = 100 * time.Millisecond

// notable reports whether what began at start makes a span in spite of its being
// no statement: it failed, or took long.
func notable(start time.Time, o dbcall.Outcome) bool {
	return o.Failed || time.Since(start) >= unusual
}

// note makes a span of what is over.
func (e *engine) note(ctx context.Context, name string, opts []trace.SpanStartOption, start time.Time, o dbcall.Outcome) {
	tracer, tracing := e.tracer.Get()
	if !tracing || mute.Is(ctx) {
		return
	}
	opts = append(slices.Clip(opts), trace.WithTimestamp(start))
	_, span := tracer.Start(ctx, name, opts...)
	o.Describe(span)
	span.End()
}

// operation returns what the span of an operation without a text starts with.
func (e *engine) operation(kind trace.SpanKind, name string) []trace.SpanStartOption {
	attrs := slices.Clone(e.statements.Common())
	if name != "" {
		attrs = append(attrs, semconv.DBOperationName(name), semconv.DBQuerySummary(name))
	}
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(attrs...)}
}

// isBad reports whether err is what database/sql tries again for.
func isBad(err error) bool { return errors.Is(err, driver.ErrBadConn) }

func report(text string) { otel.Handle(errors.New("sqltrace: " + text)) }
