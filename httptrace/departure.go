package httptrace

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"time"
)

// The function left waits for a notice that the client has disconnected. After the context was
// canceled, it lets other goroutines run at most noticeTurns times. net/http cancels the context and
// sends the notice directly after each other, so this is enough. left uses no timer, because a
// goroutine that waits for a timer at the end of a test stops testing/synctest.
//
// noticeTime limits the time on a busy machine, where each turn may take long.
const (
	noticeTurns = 1000
	noticeTime  = 5 * time.Millisecond
)

// closeNotifier is the deprecated interface http.CloseNotifier. The context of a request cannot
// replace it here, because a context does not show who canceled it.
type closeNotifier interface{ CloseNotify() <-chan bool }

// disconnected reports whether the client of a request disconnected before the handler returned.
// ctx is the context of the request, and w is its ResponseWriter.
//
// A canceled context does not prove that the client disconnected. For example,
// http.Server.BaseContext can end when the program shuts down, or a middleware can cancel the
// context.
func disconnected(ctx context.Context, w http.ResponseWriter) bool {
	if context.Cause(ctx) != context.Canceled { //nolint:errorlint // net/http cancels without a cause
		return false
	}
	// If outer is not nil, this request was made in the same process, by the handler of the
	// request outer. This request has no connection of its own, so the client of the request outer
	// is checked.
	if outer := serverRequestFrom(ctx); outer != nil {
		return disconnected(outer.request.Context(), outer.writer)
	}
	if w = unwrapped(w); w == nil {
		return false
	}
	if notifier, ok := w.(closeNotifier); ok {
		return left(w, notifier)
	}
	// The writer gives no access to the connection. This is the case inside an
	// http.TimeoutHandler.
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server == nil || server.BaseContext == nil && server.ConnContext == nil
}

// timedOut reports whether http.Server.WriteTimeout has passed for a request that began at start. The
// server then ends the response itself. ctx is the context of the request.
func timedOut(ctx context.Context, start time.Time) bool {
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server != nil && server.WriteTimeout > 0 && time.Since(start) >= server.WriteTimeout
}

// mostWriters is the maximum number of writers around the writer of net/http.
const mostWriters = 100

// unwrapped returns the innermost writer that it can find in w with Unwrap methods. It returns nil if
// a method of the program panics.
func unwrapped(w http.ResponseWriter) (inner http.ResponseWriter) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	for range mostWriters {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = outer.Unwrap()
	}
	return w
}

// left reports whether the client ended the connection or the stream of w. It returns false if the
// server ended the connection. HTTP/2 does not show who ended a stream.
func left(w http.ResponseWriter, notifier closeNotifier) (gone bool) {
	defer func() { _ = recover() }() // some writers panic if they cannot send the notice
	notice := notifier.CloseNotify()
	begin := time.Now()
	for turn := 0; len(notice) == 0; turn++ { // the notice stays in the channel, because the handler may need it
		if turn == noticeTurns || time.Since(begin) > noticeTime {
			return false
		}
		runtime.Gosched()
	}
	// SetReadDeadline returns net.ErrClosed only if the server itself closed the connection.
	return !errors.Is(http.NewResponseController(w).SetReadDeadline(time.Time{}), net.ErrClosed)
}
