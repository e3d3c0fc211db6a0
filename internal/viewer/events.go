package viewer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	eventPause = 250 * time.Millisecond // between two events: nobody reads faster
	heartbeat  = 15 * time.Second
)

// A State is what a page shows of the store, and whether more telemetry comes.
type State struct {
	Stats

	Title string `json:"title"`
	Live  bool   `json:"live"`  // whether more may come
	Ended bool   `json:"ended"` // whether more came, and no more does
}

// stream sends the state whenever it changes, as server-sent events, until
// nobody listens any more.
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

// await returns when changed is closed, and reports whether somebody still
// listens.
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

// pause waits, and reports whether somebody still listens.
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
