package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// outputGrace is the longest time without output that spor waits for, after the command and
// its process group have ended. Then spor stops reading. Only a process that left the group
// can still have the output open.
const outputGrace = time.Second

// An output is a pipe that one of the command's output streams is connected to.
type output struct {
	read, write *os.File
	done        sync.WaitGroup
}

// newOutputs returns the outputs of a command that will be started.
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

// carry starts to copy everything that is written to o to w, without delay, and calls line for
// each line. It closes spor's copy of the writing end of the pipe.
func (o *output) carry(w io.Writer, line func(text string, continued bool)) {
	_ = o.write.Close()
	lines := &lineSplitter{emit: line}
	o.done.Go(func() {
		defer lines.end()
		defer func() { _ = o.read.Close() }() // a command that still writes gets SIGPIPE, as without spor
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

// finish returns when all output has been copied.
func (o *output) finish() {
	_ = o.read.SetReadDeadline(time.Now()) // copy sets a new deadline before each further read
	o.done.Wait()
}

// abandon closes both ends of an output whose command did not start.
func (o *output) abandon() {
	_ = o.read.Close()
	_ = o.write.Close()
}
