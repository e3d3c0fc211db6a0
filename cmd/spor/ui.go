package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
)

// A uiFlag is what the user said of the viewer: --ui, --ui=ADDR, --ui=off or
// nothing.
type uiFlag struct {
	wanted, off bool
	addr        string
}

// String writes the flag, for package flag.
func (f *uiFlag) String() string { return f.addr }

// IsBoolFlag lets the flag stand without a value.
func (f *uiFlag) IsBoolFlag() bool { return true }

// Set takes the value of the flag.
func (f *uiFlag) Set(value string) error {
	switch value {
	case "":
		return errors.New("want HOST:PORT, a port, or off")
	case "off", "false":
		*f = uiFlag{off: true}
	case "true":
		*f = uiFlag{wanted: true}
	default:
		*f = uiFlag{wanted: true, addr: value}
	}
	return nil
}

// A ui is the viewer in the browser. A nil ui shows nothing.
type ui struct {
	store  *viewer.Store
	server *viewer.Server
	wanted bool // by flag, and not only since there is a terminal
}

// newUI returns the viewer that f asks for, nil if it asks for none.
func newUI(f uiFlag, terminal bool, title string) (*ui, error) {
	if f.off || !f.wanted && !terminal {
		return nil, nil
	}
	u := &ui{store: viewer.NewStore(viewer.Options{}), wanted: f.wanted}
	key, keep := viewerKey()
	var err error
	if u.server, err = viewer.Listen(u.store, viewer.Config{Addr: f.addr, Key: key, Title: title, Live: true}); err != nil {
		return nil, err
	}
	if u.server.Key() != key {
		keep(u.server.Key())
	}
	return u, nil
}

func (u *ui) add(r recording.Request) {
	if u != nil {
		u.store.Add(r)
	}
}

func (u *ui) close() {
	if u != nil {
		u.server.Close()
	}
}

// linger keeps the viewer after the command has ended: while a page is open,
// and for a first one if the user asked for the viewer. A signal that ends ctx
// ends it.
func (u *ui) linger(ctx context.Context, say func(string)) {
	if u == nil {
		return
	}
	u.server.SetLive(false)
	if u.server.Open() == 0 && !u.wanted {
		return
	}
	say("the command has ended; its traces are at " + u.server.URL() + " until the page is closed or Ctrl-C")
	u.server.WaitClosed(ctx)
}

// viewerKey returns the key of the user's viewers, so that a page that is open
// finds the next run too, and what keeps another one. Without a place to keep
// it there is a new one each time.
func viewerKey() (key string, keep func(string)) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return rand.Text(), func(string) {}
	}
	file := filepath.Join(dir, "spor", "viewer-key")
	keep = func(key string) {
		if os.MkdirAll(filepath.Dir(file), 0o700) == nil {
			_ = os.WriteFile(file, []byte(key), 0o600) // else the link is another next time
		}
	}
	if kept, err := os.ReadFile(file); err == nil && isKey(string(kept)) {
		return string(kept), keep
	}
	key = rand.Text()
	keep(key)
	return key, keep
}

// isKey reports whether text is as rand.Text makes it.
func isKey(text string) bool {
	return len(text) >= 26 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// received keeps what the command sent, and what it wrote.
func (s *session) received(r recording.Request) {
	s.recorder.request(r)
	s.ui.add(r)
}

// line returns what keeps the lines of a stream.
func (s *session) line(stream string, resource *resourcepb.Resource) func(text string, continued bool) {
	if s.recorder == nil && s.ui == nil {
		return func(string, bool) {}
	}
	return func(text string, continued bool) {
		l := recording.Line{Stream: stream, Text: text, Continued: continued, Time: time.Now()}
		s.received(l.Request(resource))
	}
}
