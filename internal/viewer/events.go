package viewer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	eventPause = 250 * time.Millisecond // the least time between two events
	heartbeat  = 15 * time.Second       // between two comments, which fail if the page is closed
)

// A State is the state of the store and the server that a page shows.
type State struct {
	Stats

	Title string `json:"title"`
	Live  bool   `json:"live"`  // more telemetry may arrive
	Ended bool   `json:"ended"` // telemetry was live, and no more will arrive
}

// stream sends the state as a server-sent event each time it changes. It returns when the
// page is closed.
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

// await waits until changed is closed, and then returns true. It returns false if the page
// is closed first. It sends a comment at each tick of alive.
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

// pause waits for d. It returns false if the page is closed first.
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
