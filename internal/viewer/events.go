package viewer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	eventPause = 250 * time.Millisecond // minimum time between two events
	heartbeat  = 15 * time.Second       // time between two comments; if the page is closed, writing one fails
)

// A State is the state of the store and of the server. A page shows it.
type State struct {
	Stats

	Title string `json:"title"`
	Live  bool   `json:"live"`  // true while more telemetry may arrive
	Ended bool   `json:"ended"` // telemetry arrived earlier, but no more will arrive
}

// The function stream sends the state as a server-sent event when the page connects, and each
// time that the state changes. It returns when the page is closed.
func stream(w http.ResponseWriter, r *http.Request, state func() (State, <-chan struct{})) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for {
		state, changed := state()
		text, err := json.Marshal(state)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "retry: 1000\ndata: %s\n\n", text); err != nil || flush.Flush() != nil {
			return
		}
		if !pause(r, eventPause) || !await(w, r, changed, alive.C) {
			return
		}
	}
}

// The function await waits until the channel changed is closed, and then returns true. If the
// page is closed first, it returns false. While it waits, it sends a comment at each tick of
// alive.
func await(w http.ResponseWriter, r *http.Request, changed <-chan struct{}, alive <-chan time.Time) bool {
	for {
		select {
		case <-changed:
			return true
		case <-alive:
			if _, err := fmt.Fprint(w, ":\n\n"); err != nil || http.NewResponseController(w).Flush() != nil {
				return false
			}
		case <-r.Context().Done():
			return false
		}
	}
}

// The function pause waits for the time d. It returns false if the page is closed before that
// time has passed.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
