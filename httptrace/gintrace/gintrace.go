// Package gintrace adds the routes of gin to httptrace.
//
//	r := gin.Default()
//	r.Use(gintrace.Middleware()) // before all middleware that the span must include
//
// Spans are named after gin's own template, such as GET /users/:id. A panic is recorded
// before [gin.Recovery] handles it. See package httptrace for everything else.
//
// Pass c.Request.Context() to functions that need the span. If you pass c itself as the
// context, it has the span only if the engine's ContextWithFallback is true.
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

// Middleware returns a middleware that makes a server span and request metrics for every
// request to a gin engine.
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
	c.Writer, c.Request = counted, r // not restored: goroutines may read c after the handler has returned
	c.Next()
	counted.writeStatus()
}

// writer is gin's writer, except that it writes to http, which measures the response.
type writer struct {
	gin.ResponseWriter
	http http.ResponseWriter
}

// The status is passed to http explicitly, because gin itself sends it as late as possible.
func (w writer) writeStatus()                      { w.http.WriteHeader(w.Status()) }
func (w writer) Write(p []byte) (int, error)       { w.writeStatus(); return w.http.Write(p) }
func (w writer) WriteString(s string) (int, error) { w.writeStatus(); return io.WriteString(w.http, s) }
func (w writer) WriteHeaderNow()                   { w.writeStatus(); w.ResponseWriter.WriteHeaderNow() }
func (w writer) Flush()                            { w.writeStatus(); w.ResponseWriter.Flush() }
func (w writer) Unwrap() http.ResponseWriter       { return w.http }
func (w writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.http).Hijack()
}
