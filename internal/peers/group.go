package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// groups are the process groups of the test binaries that run.
type groups struct {
	mu      sync.Mutex
	running map[int]bool
}

func (g *groups) add(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == nil {
		g.running = map[int]bool{}
	}
	g.running[id] = true
}

func (g *groups) remove(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, id)
}

// endWithUs ends all groups when the command itself is interrupted.
func (g *groups) endWithUs() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		g.mu.Lock()
		for id := range g.running {
			_ = syscall.Kill(-id, syscall.SIGKILL)
		}
		os.Exit(1)
	}()
}
