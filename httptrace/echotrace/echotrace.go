// Package echotrace adds the routes of echo v4 to httptrace. For echo v5, use package
// echotrace5.
//
// Use its Middleware before all other middleware:
//
//	e := echo.New()
//	e.Use(echotrace.Middleware())
//
// Spans are named after echo's own template, such as GET /users/:id. See package httptrace
// for everything else.
//
// If a handler returns an error, the Middleware immediately passes it to echo's error
// handler, which decides the status. Outer middleware gets the response but not the error,
// so the error is not handled twice.
package echotrace

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics for every
// request to an echo server.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...) // made only once: echo calls the returned function for each request
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, next}), traced, c.Response().Writer, r)
			return nil
		}
	}
}

type key struct{}

// call is the handler to call in the span, with its context.
type call struct {
	echo.Context
	next echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	c.Response().Writer = w // not restored: goroutines may read c after the handler has returned
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // also after a panic
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // c.Path is then the route of another method
		route.Miss()
	}
	if err != nil {
		c.Error(err)
	}
}
