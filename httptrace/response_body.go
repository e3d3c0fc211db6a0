package httptrace

import (
	"context"
	"io"
	"net/http"
	"reflect"
)

// responseBody ends the span when the body of a response is closed, or has been read to its end.
type responseBody struct {
	io.ReadCloser

	roundTrip *roundTrip
}

// A writeCloser is a connection that can be closed for writing only.
type writeCloser interface{ CloseWrite() error }

// A switchedBody is the body of a response after which the connection no longer uses HTTP.
type switchedBody struct {
	*responseBody

	io.Writer
}

// A halfClosableBody also has the method CloseWrite, which [httputil.ReverseProxy] needs.
type halfClosableBody struct {
	switchedBody
	writeCloser
}

// replace replaces the body of res by a wrapper. If the span can end immediately, replace
// leaves the body as it is and returns false.
func (b *responseBody) replace(e *roundTrip, res *http.Response) (replaced bool) {
	if res.Body == nil || isEmpty(e.request, res) || !e.span.IsRecording() {
		return false
	}
	b.roundTrip, b.ReadCloser = e, res.Body
	w, isWriter := res.Body.(io.Writer)
	half, isHalfClosable := res.Body.(writeCloser)
	switch {
	case isWriter && isHalfClosable:
		res.Body = halfClosableBody{switchedBody{b, w}, half}
	case isWriter:
		res.Body = switchedBody{b, w}
	default:
		res.Body = b
	}
	if e.parent.Done() != nil {
		e.stop = context.AfterFunc(e.parent, e.expire)
	}
	return true
}

// isEmpty reports whether res has no body. For such a response, net/http has [http.NoBody], and
// HTTP/2 has a body of its own. Both are values of a type without fields. It is possible that the
// caller neither reads nor closes an empty body.
func isEmpty(r *http.Request, res *http.Response) bool {
	return res.Body == http.NoBody ||
		(r.Method == http.MethodHead || res.ContentLength == 0) && reflect.TypeOf(res.Body).Size() == 0
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil:
	case io.EOF:
		b.end()
	default:
		b.roundTrip.fail(err)
	}
	return n, err
}

// Close ends the span first, because Close of the wrapped body may block.
func (b *responseBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

func (b *responseBody) end() {
	b.roundTrip.finish()
	if stop := b.roundTrip.stop; stop != nil {
		stop()
	}
}

func (b switchedBody) Write(p []byte) (int, error) {
	n, err := b.Writer.Write(p)
	if err != nil {
		b.roundTrip.fail(err)
	}
	return n, err
}
