// Package echotrace5 adds the routes of echo v5 to httptrace. For echo v4, use package
// echotrace.
//
//	e.Pre(echotrace5.Middleware()) // before all other middleware
//
// The documentation of package echotrace also applies here. Do not add the Middleware with
// Use instead of Pre: responses with status 405 would then have a route, and a prefix that
// an outer mux stripped would be missing from the route.
package echotrace5

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics for every
// request to an echo server.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			response, err := echo.UnwrapResponse(c.Response())
			if err != nil { // echo itself cannot use such a response either
				return next(c)
			}
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, response, next}), traced, response.ResponseWriter, r)
			return nil
		}
	}
}

type key struct{}

// call is the handler to call in the span, with its context and response.
type call struct {
	*echo.Context
	response *echo.Response
	next     echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	c.response.ResponseWriter = w // not restored: goroutines may read c after the handler has returned
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // also after a panic
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // c.Path is then the route of another method
		route.Miss()
	}
	if err != nil {
		c.Echo().HTTPErrorHandler(c.Context, err)
	}
}
