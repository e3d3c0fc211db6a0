package process

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// Signals are those sent to spor that the command shall have.
type Signals struct {
	caught chan os.Signal
	done   sync.WaitGroup
	ending atomic.Bool // one of those that ask a program to end has come
}

// CatchSignals begins to catch. Under nohup, SIGHUP stays ignored, for the
// command too.
func CatchSignals() *Signals {
	s := &Signals{caught: make(chan os.Signal, len(forwarded))}
	for _, sig := range forwarded {
		if sig != syscall.SIGHUP || !signal.Ignored(sig) {
			signal.Notify(s.caught, sig)
		}
	}
	// When the reader of spor's stdout goes, the command gets to know, and
	// ends or not; it is not for spor to die and leave it behind.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// Forward sends what is caught to p, until Stop. It calls gone for a signal
// that finds nobody there any more.
func (s *Signals) Forward(p *Process, gone func()) {
	s.done.Go(func() {
		for sig := range s.caught {
			switch sig {
			case os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
				s.ending.Store(true)
			}
			if !p.signal(sig) {
				gone()
			}
		}
	})
}

// Ending reports whether a signal has come that asks a program to end.
func (s *Signals) Ending() bool { return s.ending.Load() }

// Stop stops catching.
func (s *Signals) Stop() {
	signal.Stop(s.caught)
	close(s.caught)
	s.done.Wait()
}
