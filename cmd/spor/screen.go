package main

import (
	"io"
	"sync"
	"time"
)

// drawTimeout limits how long Draw waits for the end of the command's current line. If the
// command shows a prompt, the line does not end.
const drawTimeout = 500 * time.Millisecond

// A screen is the terminal that the command and spor share. The output of the command is not
// changed. spor draws on stderr, and only between the lines of the command.
type screen struct {
	stdout, stderr *stream

	mu        sync.Mutex
	lineEnded *sync.Cond
}

type stream struct {
	io.Writer
	screen *screen
	apart  bool // the stream does not appear on the screen
	open   bool // the last line has no newline yet
}

// newScreen returns a screen. If stdout is not a terminal, stdout is not part of the screen:
// spor draws without waiting for a line on stdout to end, and a slow reader of stdout does not
// block stderr.
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
