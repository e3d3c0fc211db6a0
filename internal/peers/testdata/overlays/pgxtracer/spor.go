// Package sportracer puts pgxtrace into pgx and pgxpool.
package sportracer

import (
	"context"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/sqlopen"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// Install traces all connections and pools from now on.
func Install() {
	if !probe.On() {
		return
	}
	opts := sqlopen.Options()
	tracer := pgxtrace.Tracer(opts...)
	pgx.SporTracer = func(configured pgx.QueryTracer) pgx.QueryTracer {
		switch {
		case configured == nil:
			return tracer
		case traces(configured):
			return configured
		}
		return multitracer.New(tracer, configured)
	}
	pgxpool.SporNew = func(ctx context.Context, config *pgxpool.Config) (*pgxpool.Pool, error) {
		return pgxtrace.NewPoolWithConfig(ctx, config, opts...)
	}
}

// traces reports whether a tracer comes from package pgxtrace.
func traces(tracer pgx.QueryTracer) bool {
	t := reflect.TypeOf(tracer)
	return t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "github.com/nais/spor")
}
