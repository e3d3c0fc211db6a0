package main

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
)

// A uiFlag is the value of the flag --ui, --ui=ADDR or --ui=off. If the flag is not set, the
// uiFlag is the zero value.
type uiFlag struct {
	wanted, off bool
	addr        string
}

// String returns the address, or "" if the flag has no address. Package pflag calls it.
func (f *uiFlag) String() string { return f.addr }

// Type returns the name of the value in the help.
func (f *uiFlag) Type() string { return "ADDR" }

// Set sets the flag to value, which is an address, "auto", "off" or a boolean. Package pflag calls
// Set with "auto" if the flag is given without a value.
func (f *uiFlag) Set(value string) error {
	switch value {
	case "":
		return errors.New("want HOST:PORT, a port, or off")
	case "off", "false":
		*f = uiFlag{off: true}
	case "auto", "true":
		*f = uiFlag{wanted: true}
	default:
		if !isAddress(value) {
			return errors.New("want HOST:PORT, a port, or off")
		}
		*f = uiFlag{wanted: true, addr: value}
	}
	return nil
}

// isAddress reports whether text is a port, or a host and a port.
func isAddress(text string) bool {
	if _, port, err := net.SplitHostPort(text); err == nil {
		text = port
	}
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// A ui is the viewer that a browser shows. A nil ui does nothing.
type ui struct {
	store  *viewer.Store
	server *viewer.Server
	wanted bool // the user asked for the viewer with --ui
}

// newUI returns the viewer that f asks for. If f is off, it returns nil. If the flag is not set,
// it returns a viewer if stderr is a terminal, and nil if stderr is not a terminal.
func newUI(f uiFlag, terminal bool, title string) (*ui, error) {
	if f.off || !f.wanted && !terminal {
		return nil, nil
	}
	u := &ui{store: viewer.NewStore(viewer.Options{}), wanted: f.wanted}
	var err error
	if u.server, err = viewer.Listen(u.store, viewer.Config{Addr: f.addr, Title: title, Live: true, Runs: viewerRuns}); err != nil {
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

// linger keeps the viewer running after the command has ended. It returns when all pages are
// closed. If the user asked for the viewer with --ui, linger first waits until a page is
// opened. It always returns when ctx ends: this happens when the user sends a signal.
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
