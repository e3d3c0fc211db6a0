package httptrace

import (
	"io"
	"net/http"
	"sync/atomic"
)

// requestBody counts the bytes that are read from the body of a request. The counter is atomic
// because a handler may read in another goroutine.
type requestBody struct {
	io.ReadCloser

	read atomic.Int64
}

// of returns body, or a wrapper that counts its bytes if body is not empty.
func (b *requestBody) of(body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	b.ReadCloser = body
	return b
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}
