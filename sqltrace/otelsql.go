package sqltrace

import (
	"context"
	"database/sql/driver"

	"github.com/XSAM/otelsql"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/otelutil"
)

// newOtelsql returns otelsql around the connections of raw. It calls Start for
// statements alone.
func newOtelsql(raw driver.Connector) driver.Connector {
	d := otelsql.WrapDriver(directDriver{raw},
		otelsql.WithTracerProvider(otelutil.TracerProvider(startSpan)),
		otelsql.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelsql.WithDisableSkipErrMeasurement(true),
		otelsql.WithSpanNameFormatter(func(context.Context, otelsql.Method, string) string { return "" }),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			DisableQuery: true, OmitConnectorConnect: true, OmitConnPrepare: true, OmitConnResetSession: true, OmitRows: true, DisableErrSkip: true,
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				_, is := ctx.(*statement)
				return is
			},
		}),
	)
	c, err := d.(driver.DriverContext).OpenConnector("") //nolint:forcetypeassert // directDriver is one
	if err != nil {
		report(err.Error())
	}
	return c
}

// startSpan starts the span of the statement which the context is, for otelsql. otelsql
// holds a span that does nothing: the statement ends its own.
func startSpan(ctx context.Context, _ string, _ []trace.SpanStartOption) (context.Context, trace.Span) {
	if st, ok := ctx.(*statement); ok {
		return st.startSpan(), tracenoop.Span{}
	}
	return ctx, tracenoop.Span{}
}
