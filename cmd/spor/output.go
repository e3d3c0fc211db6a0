package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// outputGrace limits how long spor reads the output after the command and its process group
// have ended. If no output arrives for this time, spor stops reading. Only a process that left
// the group can still have the output open.
const outputGrace = time.Second

// An output is a pipe. One of the output streams of the command is connected to it.
type output struct {
	read, write *os.File
	done        sync.WaitGroup
}

// newOutputs returns the two outputs for a command that is not started yet.
func newOutputs() (stdout, stderr *output, err error) {
	stdout, stderr = new(output), new(output)
	if stdout.read, stdout.write, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	if stderr.read, stderr.write, err = os.Pipe(); err != nil {
		stdout.abandon()
		return nil, nil, err
	}
	return stdout, stderr, nil
}

// The method carry starts a goroutine. The goroutine copies the output of the command to w
// without delay, and calls the function line for each line. Before that, carry closes spor's copy
// of the writing end of the pipe.
func (o *output) carry(w io.Writer, line func(text string, continued bool)) {
	_ = o.write.Close()
	lines := &lineSplitter{emit: line}
	o.done.Go(func() {
		defer lines.end()
		if c, ok := w.(io.Closer); ok {
			defer func() { _ = c.Close() }()
		}
		defer func() { _ = o.read.Close() }() // a command that still writes gets SIGPIPE, as it would without spor
		o.copy(w, lines)
	})
}

func (o *output) copy(w io.Writer, lines *lineSplitter) {
	buf := make([]byte, 32<<10)
	finishing := false
	for {
		n, err := o.read.Read(buf)
		if n > 0 {
			lines.write(buf[:n])
			if _, err := w.Write(buf[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && !finishing {
			finishing, err = true, nil
		}
		if err != nil {
			return
		}
		if finishing {
			_ = o.read.SetReadDeadline(time.Now().Add(outputGrace))
		}
	}
}

// The method finish waits until all output has been copied.
func (o *output) finish() {
	_ = o.read.SetReadDeadline(time.Now()) // the function copy sets a new deadline before each further read
	o.done.Wait()
}

// abandon closes both ends of the pipe. It is called if the command did not start.
func (o *output) abandon() {
	_ = o.read.Close()
	_ = o.write.Close()
}
