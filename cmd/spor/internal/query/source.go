package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/nais/spor/cmd/spor/internal/standing"
	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/viewer"
)

// A Source is a spor listen or a recording. It is safe for concurrent use.
type Source struct {
	// File is the name of a recording. If it is empty, the source is the spor listen of this user
	// that runs when a question is asked. The recording is read again when it has changed.
	File string
	// Find returns the name of the recording for File, before each question. If it is nil, File is
	// the name.
	Find func(file string) (name string, err error)
	// Warn is called if only a part of File can be read.
	Warn func(string)

	mu   sync.Mutex
	read os.FileInfo // of the recording that api serves
	api  http.Handler
}

// ErrNone means that there is no file, and that no spor listen runs.
var ErrNone = errors.New("spor listen does not run (start it, or read a recording with --file FILE; --file 1 is the newest run)")

// ErrNotFound means that a trace or a span does not exist.
var ErrNotFound = errors.New("not found (the viewer keeps only the newest traces)")

// An InputError means that a filter or an ID is not valid.
type InputError struct{ text string }

// Error returns the text of the error, which is masked.
func (e InputError) Error() string { return e.text }

func invalid(format string, args ...any) error {
	return InputError{clean.Text(fmt.Sprintf(format, args...))}
}

// timeout limits how long a listener may take to answer. Judging the panels of a full store takes
// some seconds.
const timeout = time.Minute

// The method get asks for path and stores the masked answer in the value that answer points to.
// Texts of an error are masked, too.
func (s *Source) get(ctx context.Context, path string, values url.Values, answer any) error {
	err := s.ask(ctx, path+"?"+values.Encode(), answer)
	if _, input := errors.AsType[InputError](err); input || errors.Is(err, ErrNone) || errors.Is(err, ErrNotFound) {
		return err
	}
	if err != nil {
		return errors.New(clean.Text(err.Error()))
	}
	mask(answer)
	return nil
}

func (s *Source) ask(ctx context.Context, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	base, transport, err := s.open()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("spor listen does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode != http.StatusOK {
		refused := struct{ Error string }{response.Status}
		_ = decoder.Decode(&refused) // otherwise the status is the error
		switch response.StatusCode {
		case http.StatusBadRequest:
			return invalid("%s", refused.Error)
		case http.StatusNotFound:
			return ErrNotFound
		}
		return errors.New(refused.Error)
	}
	return decoder.Decode(answer)
}

// The method open returns the address of the API, and the transport that reaches it.
func (s *Source) open() (base string, transport http.RoundTripper, err error) {
	if s.File != "" {
		api, err := s.load()
		return "http://file/api/", inMemory{api}, err
	}
	listener, runs := standing.Find()
	if !runs {
		return "", nil, ErrNone
	}
	return listener.Viewer + "api/", direct, nil
}

// The variable direct uses no proxy, because the address contains the key of the viewer.
var direct = &http.Transport{DisableKeepAlives: true}

// The method load returns the API for the recording.
func (s *Source) load() (http.Handler, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.File
	if s.Find != nil {
		var err error
		if name, err = s.Find(name); err != nil {
			return nil, err
		}
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	now, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if s.api != nil && now.Size() == s.read.Size() && now.ModTime().Equal(s.read.ModTime()) && os.SameFile(now, s.read) {
		return s.api, nil
	}
	store := viewer.NewStore(viewer.Options{})
	loaded, err := store.Load(file)
	if err != nil && loaded.Requests == 0 {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err != nil && s.Warn != nil {
		s.Warn(clean.Text(fmt.Sprintf("%s: %v (the part before the error is used)", name, err)))
	}
	s.read, s.api = now, viewer.API(store)
	return s.api, nil
}

// inMemory is a transport that calls a handler without a connection.
type inMemory struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &response{header: http.Header{}, status: http.StatusOK}
	m.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *response) WriteHeader(status int) { w.status = status }

// Write implements [http.ResponseWriter].
func (w *response) Write(p []byte) (int, error) { return w.body.Write(p) }
