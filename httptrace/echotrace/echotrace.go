// Package echotrace adds the routes of echo v4 to httptrace. For echo v5, use package
// echotrace5.
//
// Add the [Middleware] before all other middleware:
//
//	e := echo.New()
//	e.Use(echotrace.Middleware())
//
// The name of a span contains the route as it is registered in echo, such as GET /users/:id.
// Everything else is described in package httptrace.
//
// If a handler returns an error, the Middleware passes the error to echo's error handler
// immediately. The error handler decides the status. The Middleware then returns no error to
// outer middleware, so the error is not handled twice. If the status is 500 or above, the span has an
// exception event for the error.
package echotrace

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/handlererror"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware for echo. For every request, the middleware records a server
// span and request metrics.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	// The handler is created here, because echo calls the returned function for each request.
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, next}), traced, c.Response().Writer, r)
			return nil
		}
	}
}

type key struct{}

// call contains a handler and the arguments for this handler. The handler is called after the span
// has started.
type call struct {
	echo.Context
	next echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	// The writer and the request of c are not restored later, because goroutines may read c after
	// the handler has returned.
	c.Response().Writer = w
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // deferred, so that it also runs after a panic
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // c.Path then returns the route of another method
		route.Miss()
	}
	if err != nil {
		handlererror.Add(r, err)
		c.Error(err)
	}
}
