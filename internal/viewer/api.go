package viewer

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed static/*.html static/*.css static/*.js static/*.svg static/vendor/*.js static/vendor/*.css static/vendor/*.txt
var static embed.FS

// maxUpload is the maximum size, in bytes, of a recording that a user can open in a page.
const maxUpload = 256 << 20

// API returns a handler that answers the requests of a page for store, for programs that need no
// page and no port. It does not check who sends a request.
func API(store *Store) http.Handler {
	return (&Server{store: store, watching: newWatchers(), runs: &runs{}}).routes()
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	files, _ := fs.Sub(static, "static") // no error, because the folder is embedded in the program
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /api/traces", s.list)
	mux.HandleFunc("GET /api/facets", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.store.Facets()) })
	mux.HandleFunc("GET /api/map", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.store.ServiceMap()) })
	mux.HandleFunc("GET /api/metrics", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.store.Metrics(r.URL.Query().Get("service")))
	})
	mux.HandleFunc("GET /api/operations", s.operations)
	mux.HandleFunc("GET /api/panels", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.store.Panels(r.URL.Query().Has("fresh")))
	})
	mux.HandleFunc("GET /api/logs", s.logs)
	mux.HandleFunc("GET /api/traces/{trace}", s.tree)
	mux.HandleFunc("GET /api/traces/{trace}/spans/{span}", s.span)
	mux.HandleFunc("GET /api/traces/{trace}/file", s.file)
	mux.HandleFunc("POST /api/open", s.open)
	mux.HandleFunc("GET /api/runs", s.listRuns)
	if s.config.shown == "" {
		mux.HandleFunc("GET /run/{run}/{path...}", s.run)
		mux.HandleFunc("POST /run/{run}/{path...}", s.run)
	}
	return mux
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.watching.add(1)
	defer s.watching.add(-1)
	stream(w, r, s.state)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // an error means that the page was closed
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

var errGone = errors.New("not found (the viewer keeps only the newest traces)")

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q, err := ParseQuery(r.URL.Query())
	if err == nil {
		q.Since, _, err = s.timeRange(r.URL.Query())
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, s.store.List(q))
}

func (s *Server) operations(w http.ResponseWriter, r *http.Request) {
	since, now, err := s.timeRange(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, s.store.Operations(since, now))
}

// timeRange parses the parameter since of a page, which is a duration such as 5m. It returns the
// start and the end of this time range. While telemetry arrives, the range ends now. Otherwise it
// ends with the newest span or log record, because a recording may be old. Without the parameter,
// both are the zero time.
func (s *Server) timeRange(values url.Values) (since, now time.Time, err error) {
	d, err := parseDuration(values.Get("since"))
	if err != nil {
		return since, now, fmt.Errorf("time range: %w", err)
	}
	if d == 0 {
		return since, now, nil
	}
	if now = time.Now(); !s.live.Load() {
		now = s.store.newest(now)
	}
	return now.Add(-d), now, nil
}

func (s *Server) tree(w http.ResponseWriter, r *http.Request) {
	id, _ := parseTraceID(r.PathValue("trace"))
	if known := r.URL.Query().Get("known"); known != "" && known == s.store.Version(id) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	tree, ok := s.store.Tree(id)
	if !ok {
		refuse(w, http.StatusNotFound, errGone)
		return
	}
	answer(w, tree)
}

func (s *Server) span(w http.ResponseWriter, r *http.Request) {
	id, _ := parseTraceID(r.PathValue("trace"))
	spanID, _ := parseSpanID(r.PathValue("span"))
	detail, ok := s.store.Detail(id, spanID)
	if !ok {
		refuse(w, http.StatusNotFound, errGone)
		return
	}
	answer(w, detail)
}

func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	q := LogQuery{Service: values.Get("service"), Level: values.Get("level"), Words: strings.Fields(strings.ToLower(values.Get("q"))), Limit: 1000}
	var err error
	if q.Since, _, err = s.timeRange(values); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if text := values.Get("trace"); text != "" {
		id, ok := parseTraceID(text)
		if !ok {
			refuse(w, http.StatusBadRequest, fmt.Errorf("trace %q (want 32 hex digits)", text))
			return
		}
		q.Trace = id
	}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 0 {
			refuse(w, http.StatusBadRequest, fmt.Errorf("limit %q (want a number)", text))
			return
		}
		q.Limit = limit
	}
	answer(w, s.store.Logs(q))
}

// The method file sends a trace as a recording. The user can open the recording in a page or
// with spor view.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	id, _ := parseTraceID(r.PathValue("trace"))
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="trace-`+id.String()+`.jsonl"`)
	if found, err := s.store.Export(w, id); !found {
		w.Header().Del("Content-Disposition")
		refuse(w, http.StatusNotFound, errGone)
	} else if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // it aborts the response: half a file must not look complete
	}
}

// The method open adds a recording to the store. The user has chosen this recording in a page.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	added, err := s.store.Load(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, added)
}
