package process

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// Signals catches signals. spor gets these signals, but they are meant for the command.
type Signals struct {
	caught chan os.Signal
	done   sync.WaitGroup
	ending atomic.Bool // true after spor has caught a signal that ends a program
}

// CatchSignals starts to catch signals. If SIGHUP is ignored when spor starts, as under nohup,
// spor and the command continue to ignore it.
func CatchSignals() *Signals {
	s := &Signals{caught: make(chan os.Signal, len(forwarded))}
	for _, sig := range forwarded {
		if sig != syscall.SIGHUP || !signal.Ignored(sig) {
			signal.Notify(s.caught, sig)
		}
	}
	// The program that reads spor's stdout may end first. SIGPIPE must then not end spor while
	// the command still runs. Instead, spor closes the pipe from the command's stdout, and the
	// command decides whether it ends.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// Signaled is what signals are sent to. Signal reports whether a process still runs.
type Signaled interface{ Signal(sig os.Signal) bool }

// Forward starts a goroutine that sends each caught signal to p. The goroutine ends when
// [Signals.Stop] is called. After all processes of p have ended, the goroutine calls the
// function gone for each further signal.
func (s *Signals) Forward(p Signaled, gone func()) {
	s.done.Go(func() {
		for sig := range s.caught {
			switch sig {
			case os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
				s.ending.Store(true)
			}
			if !p.Signal(sig) {
				gone()
			}
		}
	})
}

// SetEnding makes Ending report true. The command has got such a signal from the terminal.
func (s *Signals) SetEnding() { s.ending.Store(true) }

// Ending reports whether spor has caught a signal that ends a program. These signals are the
// interrupt, SIGTERM, SIGHUP and SIGQUIT.
func (s *Signals) Ending() bool { return s.ending.Load() }

// Stop stops both the catching and the forwarding of signals.
func (s *Signals) Stop() {
	signal.Stop(s.caught)
	close(s.caught)
	s.done.Wait()
}
