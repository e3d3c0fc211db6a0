package httptrace

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// noticeTime is how long net/http may take to report that the client has left after
// it canceled the context. It does the one right after the other.
const noticeTime = 20 * time.Millisecond

// closeNotifier is http.CloseNotifier. A context cannot replace it here, because
// it does not say who canceled it.
type closeNotifier interface{ CloseNotify() <-chan bool }

// disconnected reports whether the client of a request left before the handler
// returned. ctx is the context of the request, w its writer. A canceled context is not
// enough: http.Server.BaseContext may end when the program shuts down, and middleware
// may cancel for its own reasons.
func disconnected(ctx context.Context, w http.ResponseWriter) bool {
	if context.Cause(ctx) != context.Canceled { //nolint:errorlint // net/http gives no cause of its own
		return false
	}
	if outer := callFrom(ctx); outer != nil { // its handler made the request, for its client
		return disconnected(outer.request.Context(), outer.writer)
	}
	w = unwrapped(w)
	if notifier, ok := w.(closeNotifier); ok {
		return left(w, notifier)
	}
	// No connection is in sight, as below an http.TimeoutHandler.
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server == nil || server.BaseContext == nil && server.ConnContext == nil
}

// unwrapped returns the writer of net/http that w wraps, as far as w shows it.
func unwrapped(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// left reports whether the connection or the stream of w has ended, and the server
// did not close it.
func left(w http.ResponseWriter, notifier closeNotifier) (gone bool) {
	defer func() { _ = recover() }() // some writers panic when they cannot notify
	notice := notifier.CloseNotify()
	timeout, tick := time.NewTimer(noticeTime), time.NewTicker(time.Millisecond)
	defer timeout.Stop()
	defer tick.Stop()
	for len(notice) == 0 { // not received: the handler may want to receive it
		select {
		case <-tick.C:
		case <-timeout.C:
			return false
		}
	}
	// Only a connection that the server itself closed refuses a deadline.
	return !errors.Is(http.NewResponseController(w).SetReadDeadline(time.Time{}), net.ErrClosed)
}
