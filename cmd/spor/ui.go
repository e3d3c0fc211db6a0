package main

import (
	"context"
	"errors"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
)

// A uiFlag is the value of the flag --ui, --ui=ADDR or --ui=off. The zero value means that the
// flag is not set.
type uiFlag struct {
	wanted, off bool
	addr        string
}

// String returns the address, which may be empty. Package flag calls it.
func (f *uiFlag) String() string { return f.addr }

// IsBoolFlag returns true, because the flag needs no value.
func (f *uiFlag) IsBoolFlag() bool { return true }

// Set sets the flag to value: an address, "off" or "false". Package flag calls it with
// "true" if the flag has no value.
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

// A ui is the viewer in the browser. A nil ui does nothing.
type ui struct {
	store  *viewer.Store
	server *viewer.Server
	wanted bool // the user asked for it with --ui
}

// newUI returns the viewer that f asks for. Without the flag there is a viewer only if
// stderr is a terminal. newUI returns nil if there is no viewer.
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

// linger keeps the viewer running after the command has ended, as long as a page is open.
// If the user asked for the viewer, it also waits until the first page is opened. It
// returns when ctx ends, which happens when the user sends a signal.
func (u *ui) linger(ctx context.Context, say func(string)) {
	if u == nil {
		return
	}
	u.server.SetLive(false)
	if u.server.Open() == 0 && !u.wanted {
		return
	}
	say("the command has ended; its traces are at " + u.server.URL() + " until you close the page or press Ctrl-C")
	u.server.WaitClosed(ctx)
}
