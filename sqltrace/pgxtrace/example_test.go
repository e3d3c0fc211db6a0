package pgxtrace_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

func Example() {
	ctx := context.Background()
	spans := tracetest.NewSpanRecorder()
	// In a service, setup.Start makes the provider.
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))

	config, err := pgxpool.ParseConfig("postgres://app:secret@db.example/shop?sslmode=disable")
	if err != nil {
		log.Fatal(err)
	}
	inMemory(config)
	pool, err := pgxtrace.NewPoolWithConfig(ctx, config, sqltrace.WithTracerProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	if _, err := pool.Exec(ctx, "UPDATE orders SET status = 'paid' WHERE id = $1", "7"); err != nil {
		log.Fatal(err)
	}

	span := spans.Ended()[0]
	fmt.Println(span.SpanKind(), span.Name())
	for _, attr := range span.Attributes() {
		fmt.Printf("%s=%s\n", attr.Key, attr.Value.String())
	}
	// Output:
	// client UPDATE orders
	// db.system.name=postgresql
	// db.namespace=shop
	// server.address=db.example
	// server.port=5432
	// db.operation.name=UPDATE
	// db.collection.name=orders
	// db.query.summary=UPDATE orders
	// db.query.text=UPDATE orders SET status = ? WHERE id = $1
	// db.response.affected_rows=3
}
