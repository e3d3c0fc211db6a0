// Package echotrace gives httptrace the routes of echo v4; echotrace5 those of v5.
//
// Use its Middleware first of all:
//
//	e := echo.New()
//	e.Use(echotrace.Middleware())
//
// Spans are named after echo's own template, GET /users/:id, and all that package
// httptrace says holds. An error that a handler returns goes to echo's error
// handler at once, which decides about the status. Middleware further out sees the
// response and no error, so that nothing is handled twice.
package echotrace

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics
// of every request to an echo server.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...) // once: echo calls what follows for each request
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, next}), traced, c.Response().Writer, r)
			return nil
		}
	}
}

type key struct{}

// call is what is to be done in the span.
type call struct {
	echo.Context
	next echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	c.Response().Writer = w // for good: goroutines of the handler may read c when it has returned
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // a panic has a route as well
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // the path is that of another method
		route.Miss()
	}
	if err != nil {
		c.Error(err)
	}
}
