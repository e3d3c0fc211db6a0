package sqltrace

import (
	"context"
	"database/sql/driver"

	"github.com/XSAM/otelsql"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// newOtelsql returns a connector of otelsql that wraps the connections of raw. otelsql connects,
// prepares statements and begins transactions. It makes no spans, because this package makes a span
// for such an activity only if the activity fails or takes long. Statements do not pass through
// otelsql.
func newOtelsql(raw driver.Connector) driver.Connector {
	d := otelsql.WrapDriver(directDriver{raw},
		otelsql.WithTracerProvider(tracenoop.NewTracerProvider()),
		otelsql.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			SpanFilter: func(context.Context, otelsql.Method, string, []driver.NamedValue) bool { return false },
		}),
	)
	c, err := d.(driver.DriverContext).OpenConnector("") //nolint:forcetypeassert // directDriver has OpenConnector
	if err != nil {
		report(err.Error())
	}
	return c
}
