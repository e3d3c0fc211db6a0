package gintrace_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/gintrace"
)

func Example() {
	spans := tracetest.NewInMemoryExporter()
	provider := httptrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	r := gin.New()
	r.Use(gintrace.Middleware(provider))
	r.Group("/teams/:team").GET("/users/:id", func(c *gin.Context) {
		c.String(http.StatusOK, "user %s", c.Param("id"))
	})
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/teams/nais/users/42", nil))

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output: server GET /teams/:team/users/:id
}
