package main

import (
	"io"
	"sync"
	"time"
)

// drawTimeout is the longest time that Draw waits until the command ends its current line. A
// command that shows a prompt does not end the line.
const drawTimeout = 500 * time.Millisecond

// A screen is the terminal that the command and spor share. The command's output passes through
// unchanged. spor draws on stderr, between the lines of the command.
type screen struct {
	stdout, stderr *stream

	mu        sync.Mutex
	lineEnded *sync.Cond
}

// A stream is one of the command's outputs.
type stream struct {
	io.Writer
	screen *screen
	apart  bool // does not appear on the screen
	open   bool // the last line has no newline yet
}

// newScreen returns a screen. If stdout is not a terminal, it is not part of the screen: spor
// does not wait for its lines to end, and a slow reader of stdout does not block stderr.
func newScreen(stdout, stderr io.Writer, terminal bool) *screen {
	s := &screen{}
	s.lineEnded = sync.NewCond(&s.mu)
	s.stderr = &stream{Writer: stderr, screen: s}
	s.stdout = &stream{Writer: stdout, screen: s, apart: !terminal}
	return s
}

// Write writes p to the underlying writer without delay.
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
	_, _ = s.stderr.Writer.Write(lines) // an error of stderr cannot be reported anywhere
}

func (s *screen) inLine() bool { return s.stdout.open || s.stderr.open }
