package main

import (
	"context"
	"errors"

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
	var err error
	if u.server, err = viewer.Listen(u.store, viewer.Config{Addr: f.addr, Title: title, Live: true}); err != nil {
		return nil, err
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
