package httptrace

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// noticeTime is the longest time between the cancelation of the context and the notice that
// the client has disconnected. net/http does one directly after the other.
const noticeTime = 20 * time.Millisecond

// closeNotifier is the deprecated interface http.CloseNotifier. A context cannot replace it
// here, because it does not show who canceled it.
type closeNotifier interface{ CloseNotify() <-chan bool }

// disconnected reports whether the client of a request disconnected before the handler
// returned. ctx is the context of the request, w is its writer. A canceled context does
// not prove that: http.Server.BaseContext can end when the program shuts down, and middleware
// can cancel the context for its own reasons.
func disconnected(ctx context.Context, w http.ResponseWriter) bool {
	if context.Cause(ctx) != context.Canceled { //nolint:errorlint // net/http cancels without a cause
		return false
	}
	if outer := serverRequestFrom(ctx); outer != nil { // the handler of outer made this request for its client
		return disconnected(outer.request.Context(), outer.writer)
	}
	w = unwrapped(w)
	if notifier, ok := w.(closeNotifier); ok {
		return left(w, notifier)
	}
	// The writer does not show its connection, as inside an http.TimeoutHandler.
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server == nil || server.BaseContext == nil && server.ConnContext == nil
}

// unwrapped returns the innermost writer that w wraps, as far as Unwrap methods show it.
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
	for len(notice) == 0 { // the notice stays in the channel for the handler
		select {
		case <-tick.C:
		case <-timeout.C:
			return false
		}
	}
	// Setting a deadline fails only if the server itself closed the connection.
	return !errors.Is(http.NewResponseController(w).SetReadDeadline(time.Time{}), net.ErrClosed)
}
