package main

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// signals are those sent to spor that the command shall have.
type signals struct {
	caught chan os.Signal
	done   sync.WaitGroup
	ending atomic.Bool // one of those that ask a program to end has come
}

// catchSignals begins to catch. Under nohup, SIGHUP stays ignored, for the
// command too.
func catchSignals() *signals {
	s := &signals{caught: make(chan os.Signal, len(forwarded))}
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

// forward sends what is caught to p, until stop. It calls gone for a signal
// that finds nobody there any more.
func (s *signals) forward(p *process, gone func()) {
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

func (s *signals) stop() {
	signal.Stop(s.caught)
	close(s.caught)
	s.done.Wait()
}
