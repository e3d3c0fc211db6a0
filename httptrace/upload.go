package httptrace

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// upload measures the body that a client sends. If its length is known, the body is not wrapped,
// because net/http sends some types of bodies in a special way.
type upload struct {
	known int64 // the length of the body if attempt is nil

	mu      sync.Mutex
	attempt *attempt         // the last body that base has got; nil if the length is known
	closed  bool             // base has closed the body of attempt
	then    func(size int64) // called when the size is known
}

// attempt is the body of one attempt to send a request. If base tries again, it gets a new body.
type attempt struct {
	io.ReadCloser

	upload *upload
	sent   atomic.Int64
}

// measure prepares r. If the length of its body is unknown, measure wraps the body.
func (u *upload) measure(r *http.Request) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return
	case r.ContentLength > 0:
		u.known = r.ContentLength
		return
	}
	r.Body = u.next(r.Body)
	get := r.GetBody
	if get == nil {
		return
	}
	r.GetBody = func() (io.ReadCloser, error) {
		body, err := get()
		if err != nil || body == nil || body == http.NoBody {
			return body, err
		}
		return u.next(body), nil
	}
}

func (u *upload) next(body io.ReadCloser) io.ReadCloser {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.attempt = &attempt{ReadCloser: body, upload: u}
	u.closed = false
	return u.attempt
}

// report calls then with the size of the body. If base has not yet closed the body, report calls
// then later. This happens if the response arrives before the whole request is sent.
func (u *upload) report(then func(size int64)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.attempt == nil:
		then(u.known)
	case u.closed:
		then(u.attempt.sent.Load())
	default:
		u.then = then
	}
}

func (a *attempt) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.sent.Add(int64(n))
	return n, err
}

func (a *attempt) Close() error {
	a.upload.close(a)
	return a.ReadCloser.Close()
}

func (u *upload) close(a *attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.attempt != a {
		return
	}
	u.closed = true
	if u.then != nil {
		u.then(a.sent.Load())
		u.then = nil
	}
}
