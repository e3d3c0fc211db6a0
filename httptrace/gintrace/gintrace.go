// Package gintrace adds the routes of gin to httptrace.
//
//	r := gin.Default()
//	r.Use(gintrace.Middleware()) // before all middleware that the span must include
//
// The name of a span contains the route as it is registered in gin, such as GET /users/:id. If
// the Middleware is inside [gin.Recovery], a panic is recorded before gin.Recovery handles it. If the
// response has a status of 500 or above, the span has an exception event for each error in c.Errors.
// Everything else is described in package httptrace.
//
// If a function needs the span, pass c.Request.Context() to it. You can pass c itself as the
// context only if the engine's field ContextWithFallback is true. Otherwise c does not contain
// the span.
package gintrace

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/internal/handlererror"
	"github.com/nais/spor/httptrace/internal/routing"
)

// Middleware returns a middleware for gin. For every request, the middleware records a server
// span and request metrics.
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
	// The writer and the request of c are not restored later, because goroutines may read c after
	// the handler has returned.
	c.Writer, c.Request = counted, r
	c.Next()
	for _, recorded := range c.Errors {
		handlererror.Add(r, recorded.Err)
	}
	counted.writeStatus()
}

// writer wraps gin's writer. The field http contains the writer that sends the response and
// measures it.
type writer struct {
	gin.ResponseWriter
	http http.ResponseWriter
}

// writeStatus sets the status on the field http. This is necessary because gin itself sends the
// status as late as possible.
func (w writer) writeStatus() { w.http.WriteHeader(w.Status()) }

func (w writer) Write(p []byte) (int, error)       { w.writeStatus(); return w.http.Write(p) }
func (w writer) WriteString(s string) (int, error) { w.writeStatus(); return io.WriteString(w.http, s) }

func (w writer) WriteHeaderNow() {
	w.writeStatus()
	w.ResponseWriter.WriteHeaderNow()
}

func (w writer) Flush() {
	w.writeStatus()
	w.ResponseWriter.Flush()
}

func (w writer) Unwrap() http.ResponseWriter { return w.http }

func (w writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.http).Hijack()
}
