package sqltrace_test

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/sqltrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter() // in a service, package setup exports the spans
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))

	db, err := sqltrace.Open("postgres-fake", "postgres://app:password@db.example:5432/shop",
		sqltrace.WithTracerProvider(provider))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(),
		"UPDATE orders SET status = 'paid' WHERE id = $1", 42); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
		attrs := attribute.NewSet(span.Attributes...) // the attributes, sorted by key
		for _, attr := range attrs.ToSlice() {
			fmt.Printf("  %s: %s\n", attr.Key, attr.Value.String())
		}
	}
	// Output:
	// client UPDATE orders
	//   db.collection.name: orders
	//   db.namespace: shop
	//   db.operation.name: UPDATE
	//   db.query.summary: UPDATE orders
	//   db.query.text: UPDATE orders SET status = ? WHERE id = $1
	//   db.response.affected_rows: 3
	//   db.system.name: postgresql
	//   server.address: db.example
	//   server.port: 5432
}
