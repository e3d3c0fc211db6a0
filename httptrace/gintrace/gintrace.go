// Package gintrace gives httptrace the routes of gin.
//
//	r := gin.Default()
//	r.Use(gintrace.Middleware()) // before all that is to be in the span
//
// Spans are named after gin's own template, GET /users/:id, and all that package
// httptrace says holds; panics are recorded on their way to [gin.Recovery]. Pass
// c.Request.Context() on: c has the span only with the engine's ContextWithFallback.
package gintrace

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware that makes a server span and request metrics
// of every request to a gin engine.
func Middleware(opts ...httptrace.Option) gin.HandlerFunc {
	traced := httptrace.Handler(http.HandlerFunc(serve), opts...)
	return func(c *gin.Context) {
		routing.ServeWith(context.WithValue(c.Request.Context(), key{}, c), traced, c.Writer, c.Request)
	}
}

type key struct{}

func serve(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(key{}).(*gin.Context)
	routing.From(r).Find(r, c.FullPath())
	counted := writer{c.Writer, w}
	c.Writer, c.Request = counted, r // for good: goroutines of the handler may read c when it has returned
	c.Next()
	counted.tell()
}

// writer is gin's, with what goes through it counted.
type writer struct {
	gin.ResponseWriter
	http http.ResponseWriter
}

// tell tells the status, which gin itself sends as late as it can.
func (w writer) tell()                             { w.http.WriteHeader(w.Status()) }
func (w writer) Write(p []byte) (int, error)       { w.tell(); return w.http.Write(p) }
func (w writer) WriteString(s string) (int, error) { w.tell(); return io.WriteString(w.http, s) }
func (w writer) WriteHeaderNow()                   { w.tell(); w.ResponseWriter.WriteHeaderNow() }
func (w writer) Flush()                            { w.tell(); w.ResponseWriter.Flush() }
func (w writer) Unwrap() http.ResponseWriter       { return w.http }
func (w writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.http).Hijack()
}
