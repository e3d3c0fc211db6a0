// Package echotrace5 gives httptrace the routes of echo v5; echotrace those of v4.
//
//	e.Pre(echotrace5.Middleware()) // first of all
//
// All that package echotrace says holds. With Use a 405 has a route, and a prefix
// that a mux further out stripped is lost.
package echotrace5

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics
// of every request to an echo server.
func Middleware(opts ...httptrace.Option) echo.MiddlewareFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			response, err := echo.UnwrapResponse(c.Response())
			if err != nil { // echo sees nothing then, either
				return next(c)
			}
			routing.ServeWith(context.WithValue(r.Context(), key{}, call{c, response, next}), traced, response.ResponseWriter, r)
			return nil
		}
	}
}

type key struct{}

// call is what is to be done in the span.
type call struct {
	*echo.Context
	response *echo.Response
	next     echo.HandlerFunc
}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(call)
	c.response.ResponseWriter = w // for good: goroutines of the handler may read c when it has returned
	c.SetRequest(r)
	route := routing.From(r)
	defer func() { route.Find(r, c.Path()) }() // also after a panic
	err := c.next(c.Context)
	if errors.Is(err, echo.ErrMethodNotAllowed) { // the path is that of another method
		route.Miss()
	}
	if err != nil {
		c.Echo().HTTPErrorHandler(c.Context, err)
	}
}
