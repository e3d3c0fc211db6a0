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

// newOtelsql returns a connector of otelsql that wraps the connections of raw. otelsql
// starts spans only for statements.
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
	c, err := d.(driver.DriverContext).OpenConnector("") //nolint:forcetypeassert // directDriver has OpenConnector
	if err != nil {
		report(err.Error())
	}
	return c
}

// startSpan is called by otelsql. If ctx has the type statement, startSpan starts the span
// of this statement. The span that otelsql gets does nothing, because the statement itself
// ends the real span.
func startSpan(ctx context.Context, _ string, _ []trace.SpanStartOption) (context.Context, trace.Span) {
	if st, ok := ctx.(*statement); ok {
		return st.startSpan(), tracenoop.Span{}
	}
	return ctx, tracenoop.Span{}
}
