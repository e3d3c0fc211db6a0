package main

import (
	"io"
	"sync"
	"time"
)

// drawTimeout is how long a drawing waits for the command to end the line it
// is writing. A prompt never does.
const drawTimeout = 500 * time.Millisecond

// A screen is shared by the command's output, which passes through unchanged,
// and by what spor draws on stderr between its lines.
type screen struct {
	stdout, stderr *stream

	mu        sync.Mutex
	lineEnded *sync.Cond
}

// A stream is one of the command's outputs.
type stream struct {
	io.Writer
	screen *screen
	apart  bool // not on the screen
	open   bool // in the middle of a line
}

// newScreen returns a screen. A stdout that does not go to a terminal is no
// part of it: nothing is drawn there, and its reader must never hold up stderr.
func newScreen(stdout, stderr io.Writer, terminal bool) *screen {
	s := &screen{}
	s.lineEnded = sync.NewCond(&s.mu)
	s.stderr = &stream{Writer: stderr, screen: s}
	s.stdout = &stream{Writer: stdout, screen: s, apart: !terminal}
	return s
}

// Write passes p on at once.
func (st *stream) Write(p []byte) (int, error) {
	if st.apart || len(p) == 0 {
		return st.Writer.Write(p)
	}
	st.screen.mu.Lock()
	defer st.screen.mu.Unlock()
	st.open = p[len(p)-1] != '\n'
	st.screen.lineEnded.Broadcast()
	return st.Writer.Write(p)
}

// Draw writes whole lines to stderr, between the lines of the command.
func (s *screen) Draw(lines []byte) {
	late := false
	timeout := time.AfterFunc(drawTimeout, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.lineEnded.Broadcast()
	})
	defer timeout.Stop()

	s.mu.Lock()
	defer s.mu.Unlock()
	for s.inLine() && !late {
		s.lineEnded.Wait()
	}
	if s.inLine() {
		lines = append([]byte("\n"), lines...)
		s.stdout.open, s.stderr.open = false, false
	}
	_, _ = s.stderr.Writer.Write(lines) // there is nobody else to tell
}

func (s *screen) inLine() bool { return s.stdout.open || s.stderr.open }
