package viewer

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Run is a recording that a page can show instead of the telemetry of the server.
type Run struct {
	ID    string    `json:"id"` // identifies the run in the addresses of its pages
	Name  string    `json:"name"`
	Start time.Time `json:"start"`
	// Version changes when the recording changes.
	Version string `json:"-"`
	// Open opens the recording.
	Open func() (io.ReadCloser, error) `json:"-"`
}

// maxRuns is the maximum number of runs in memory. Each has a store of its own.
const maxRuns = 2

// runs shows the runs of a server. Their pages are like the pages of the server, below run/ID/.
type runs struct {
	list func() ([]Run, error) // nil if there are no runs

	mu     sync.Mutex
	opened []openedRun // the newest is the last
}

type openedRun struct {
	id, version string
	pages       http.Handler
}

func (r *runs) all() ([]Run, error) {
	if r.list == nil {
		return nil, nil
	}
	return r.list()
}

// The method handler returns a handler for the pages of the run with this ID. If the recording has
// changed since it was read, it is read again.
func (r *runs) handler(id string, parent *Server) (http.Handler, error) {
	all, err := r.all()
	if err != nil {
		return nil, err
	}
	found := slices.IndexFunc(all, func(run Run) bool { return run.ID == id })
	if found < 0 {
		return nil, errors.New("this run is no longer kept")
	}
	run := all[found]
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.opened, func(o openedRun) bool { return o.id == id })
	if i >= 0 && r.opened[i].version == run.Version {
		return r.opened[i].pages, nil
	}
	store, err := run.load()
	if err != nil {
		return nil, err
	}
	s := &Server{store: store, runs: r, watching: parent.watching, ctx: parent.ctx, config: Config{Title: run.Name, shown: id}}
	switch {
	case i >= 0:
		r.opened = slices.Delete(r.opened, i, i+1)
	case len(r.opened) == maxRuns:
		r.opened = slices.Delete(r.opened, 0, 1)
	}
	pages := s.routes()
	r.opened = append(r.opened, openedRun{id, run.Version, pages})
	return pages, nil
}

// The method load reads the recording. It leaves out the part after an error, because the recording
// may still be written.
func (r Run) load() (*Store, error) {
	file, err := r.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	store := NewStore(Options{})
	if loaded, err := store.Load(file); err != nil && loaded.Requests == 0 && !errors.Is(err, errNothing) {
		return nil, err
	}
	return store, nil
}

// A RunList is the list of runs for a page.
type RunList struct {
	Runs  []Run  `json:"runs"`
	Shown string `json:"shown"` // the ID of the run that the page shows; "" if it shows the server's telemetry
}

func (s *Server) listRuns(w http.ResponseWriter, _ *http.Request) {
	all, err := s.runs.all()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, RunList{Runs: all, Shown: s.config.shown})
}

func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	pages, err := s.runs.handler(r.PathValue("run"), s)
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	below := r.Clone(r.Context())
	below.URL.Path, below.URL.RawPath = "/"+r.PathValue("path"), ""
	pages.ServeHTTP(w, below)
}
