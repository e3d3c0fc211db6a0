package process

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// Signals catches the signals to spor that are meant for the command.
type Signals struct {
	caught chan os.Signal
	done   sync.WaitGroup
	ending atomic.Bool // a signal that ends a program has been caught
}

// CatchSignals starts to catch signals. If SIGHUP is ignored, as under nohup, it stays
// ignored for spor and the command.
func CatchSignals() *Signals {
	s := &Signals{caught: make(chan os.Signal, len(forwarded))}
	for _, sig := range forwarded {
		if sig != syscall.SIGHUP || !signal.Ignored(sig) {
			signal.Notify(s.caught, sig)
		}
	}
	// If the reader of spor's stdout ends, SIGPIPE must not end spor while the command
	// still runs. spor closes the command's stdout, and the command decides whether it
	// ends.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// Forward starts to send each caught signal to p, until [Signals.Stop] is called. It calls
// gone for each signal that arrives after all processes of p have ended.
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

// Ending reports whether spor has caught a signal that ends a program: an interrupt, SIGTERM,
// SIGHUP or SIGQUIT.
func (s *Signals) Ending() bool { return s.ending.Load() }

// Stop stops catching and forwarding signals.
func (s *Signals) Stop() {
	signal.Stop(s.caught)
	close(s.caught)
	s.done.Wait()
}
