package pgxtrace

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/sqltrace"
)

// Tracer returns the tracer to set as [pgx.ConnConfig.Tracer], of one connection
// or of a pool that the program makes itself. It implements all the optional
// interfaces of pgx's and pgxpool's tracers, and may be used for several databases
// and by several goroutines at once.
func Tracer(opts ...sqltrace.Option) pgx.QueryTracer { return newTracer(opts) }

// NewPool is [pgxpool.New] with a span and a measurement for every statement, and
// metrics of the pool. It fails as pgxpool.New does.
func NewPool(ctx context.Context, connString string, opts ...sqltrace.Option) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(connString)
	if err != nil {
		return nil, err
	}
	return NewPoolWithConfig(ctx, config, opts...)
}

// NewPoolWithConfig is [pgxpool.NewWithConfig] with a span and a measurement for
// every statement, and metrics of the pool. config does not change. A tracer that
// it has is told everything, too; if that is one of this package already, it is the
// only one, and opts have no effect.
func NewPoolWithConfig(ctx context.Context, config *pgxpool.Config, opts ...sqltrace.Option) (*pgxpool.Pool, error) {
	if config == nil || config.ConnConfig == nil {
		return pgxpool.NewWithConfig(ctx, config) // which says what is wrong
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

// tracerIn returns the tracer of this package that other is or tells, nil if there
// is none.
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
