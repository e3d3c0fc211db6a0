// Package echotrace5 adds the routes of echo v5 to httptrace. For echo v4, use package
// echotrace.
//
//	e.Pre(echotrace5.Middleware()) // before all other middleware
//
// The documentation of package echotrace also applies to this package. Add the Middleware with
// Pre, not with Use. With Use, there are two differences:
//   - Responses with the status 405 get a route.
//   - If an outer mux strips a prefix from the path, the route does not contain the prefix.
package echotrace5

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/handlererror"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware for echo. For every request, the middleware records a server
// span and request metrics.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			response, err := echo.UnwrapResponse(c.Response())
			if err != nil { // echo itself does not support such a response
				return next(c)
			}
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, response, next}), traced, response.ResponseWriter, r)
			return nil
		}
	}
}

type key struct{}

// call contains a handler, the argument for this handler, and the response. The handler is called
// after the span has started.
type call struct {
	*echo.Context
	response *echo.Response
	next     echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	// The writer and the request of c are not restored later, because goroutines may read c after
	// the handler has returned.
	c.response.ResponseWriter = w
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // deferred, so that it also runs after a panic
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // c.Path then returns the route of another method
		route.Miss()
	}
	if err != nil {
		handlererror.Add(r, err)
		c.Echo().HTTPErrorHandler(c.Context, err)
	}
}
