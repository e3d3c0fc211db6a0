package setup

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/dialect"
)

var QueueFor = queueFor

// Rewriting returns next behind the rewriting that every exporter has.
func Rewriting(next sdktrace.SpanExporter) sdktrace.SpanExporter {
	return rewritingExporter{next, &rewriter{dialect: dialect.New(0)}}
}

var ParseHeader = parseHeader

// ParseEndpoint returns the address that value names.
func ParseEndpoint(value string) (address string, err error) {
	e, err := parseEndpoint(value)
	if err != nil {
		return "", err
	}
	return e.address, nil
}
