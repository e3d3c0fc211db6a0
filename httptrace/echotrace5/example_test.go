package echotrace5_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/echotrace5"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	e := echo.New()
	e.Pre(echotrace5.Middleware(provider))
	e.Group("/teams/:team").GET("/users/:id", func(c *echo.Context) error {
		return c.String(http.StatusOK, "user "+c.Param("id"))
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/teams/nais/users/42", nil))

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output: server GET /teams/:team/users/:id
}
