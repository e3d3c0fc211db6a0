package stock_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/ravilushqa/otelgqlgen"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// TestGraphQL checks the spans of otelgqlgen, below the span of the request. The path of the request
// is the same for all operations, and the route has no wildcard.
func TestGraphQL(t *testing.T) {
	e := export(t, func(context.Context) {
		mux := http.NewServeMux()
		mux.Handle("GET /query", graphQL())
		s := httptest.NewServer(otelhttp.NewHandler(mux, "server"))
		defer s.Close()
		get(t, http.DefaultClient, s.URL+"/query?query=query+Order+%7Bname%7D")
		get(t, http.DefaultClient, s.URL+"/query?query=%7Bunknown%7D")
	})
	e.mustHave(t, server, "GET /query", "http.method", "GET")
	e.mustHave(t, server, "Order", "gql.request.query", "query Order {name}")
	e.mustHave(t, server, "Query/name", "gql.resolver.field", "name")
	e.mustHave(t, server, "nameless-operation")
	e.mustLight(t, "Overview", "Attention", "Operations: HTTP", "Trace breakdowns")
	e.mustDarken(t, "Traces", "Issues")
}

// graphQL returns a server with a query for a name. Like generated code, it calls the middleware for
// the field.
func graphQL() http.Handler {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: "type Query { name: String! }"})
	field := &ast.Field{Name: "name", Alias: "name", Definition: schema.Query.Fields.ForName("name"), ObjectDefinition: schema.Query}
	s := handler.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return schema },
		ExecFunc: func(ctx context.Context) graphql.ResponseHandler {
			ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Query", Field: graphql.CollectedField{Field: field}})
			return func(context.Context) *graphql.Response {
				response, err := graphql.GetOperationContext(ctx).ResolverMiddleware(ctx, func(context.Context) (any, error) {
					return &graphql.Response{Data: []byte(`{"name":"test"}`)}, nil
				})
				if err != nil {
					return graphql.ErrorResponse(ctx, "%v", err)
				}
				return response.(*graphql.Response)
			}
		},
	})
	s.AddTransport(transport.GET{})
	s.Use(otelgqlgen.Middleware())
	return s
}
