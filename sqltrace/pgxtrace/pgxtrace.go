package pgxtrace

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/sqltrace"
)

// Tracer returns a tracer for [pgx.ConnConfig.Tracer]. Use it for a single connection, or
// for a pool that the program makes without [NewPool]. The tracer implements all optional
// tracer interfaces of pgx and pgxpool. One tracer may be used for several databases, and
// by several goroutines at the same time.
func Tracer(opts ...sqltrace.Option) pgx.QueryTracer { return newTracer(opts) }

// NewPool does the same as [pgxpool.New]. It also traces and measures the statements, and
// measures the pool. NewPool returns the same errors as pgxpool.New.
func NewPool(ctx context.Context, connString string, opts ...sqltrace.Option) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(connString)
	if err != nil {
		return nil, err
	}
	return NewPoolWithConfig(ctx, config, opts...)
}

// NewPoolWithConfig does the same as [pgxpool.NewWithConfig]. It also traces and measures
// the statements, and measures the pool. config itself does not change. If config already
// contains a tracer of this package, NewPoolWithConfig does not add another one, and opts
// have no effect. If config contains any other tracer, that tracer is called as well.
func NewPoolWithConfig(ctx context.Context, config *pgxpool.Config, opts ...sqltrace.Option) (*pgxpool.Pool, error) {
	if config == nil || config.ConnConfig == nil {
		return pgxpool.NewWithConfig(ctx, config) // NewWithConfig reports the error
	}
	config = config.Copy()
	t := tracerIn(config.ConnConfig.Tracer)
	if t == nil {
		t = newTracer(opts)
		t.pools.coming = true
		config.ConnConfig.Tracer = join(t, config.ConnConfig.Tracer)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	t.pools.watch(pool)
	return pool, nil
}

// tracerIn looks for a tracer of this package. The result is the parameter other itself, or
// a tracer that other calls. If there is no such tracer, tracerIn returns nil.
func tracerIn(other pgx.QueryTracer) *tracer {
	switch other := other.(type) {
	case *tracer:
		return other
	case *joined:
		return other.tracer
	case *multitracer.Tracer:
		if other == nil {
			return nil
		}
		for _, each := range other.QueryTracers {
			if t := tracerIn(each); t != nil {
				return t
			}
		}
	}
	return nil
}
