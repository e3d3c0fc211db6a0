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

// A State is what a page is told of: what there is, and how it comes.
type State struct {
	Stats

	Title string `json:"title"`
	Live  bool   `json:"live"`  // whether more may come
	Ended bool   `json:"ended"` // whether more came, and no more does
}

// SetLive says whether telemetry is still to come.
func (s *Server) SetLive(live bool) {
	s.live.Store(live)
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.change()
}

func (s *Server) state() (State, <-chan struct{}) {
	stats, changed := s.store.Stats()
	return State{Stats: stats, Title: s.config.Title, Live: s.live.Load(), Ended: s.config.Live && !s.live.Load()}, changed
}

// events streams the state whenever it changes, as server-sent events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.watching.add(1)
	defer s.watching.add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for {
		state, changed := s.state()
		text, err := json.Marshal(state)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "retry: 1000\ndata: %s\n\n", text); err != nil || flush.Flush() != nil {
			return
		}
		if !pause(r, eventPause) || !s.await(w, r, changed, alive.C) {
			return
		}
	}
}

// await returns when changed is closed, and reports whether somebody still
// listens.
func (s *Server) await(w http.ResponseWriter, r *http.Request, changed <-chan struct{}, alive <-chan time.Time) bool {
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
