package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// outputGrace is how long an output may be silent before spor stops reading
// it, once the command and its group have ended. Only a process that left the
// group can still hold it.
const outputGrace = time.Second

// An output carries what the command writes to one of its streams.
type output struct {
	read, write *os.File
	done        sync.WaitGroup
}

// newOutputs returns the outputs of a command that is yet to start.
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

// carry begins to pass on to w what is written to o, at once, and to call line
// with every line of it. It closes spor's copy of the writing end.
func (o *output) carry(w io.Writer, line func(text string, continued bool)) {
	_ = o.write.Close()
	lines := &lineSplitter{emit: line}
	o.done.Go(func() {
		defer lines.end()
		defer func() { _ = o.read.Close() }() // a command that writes on is told, as it would be without spor
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

// finish returns when all has been passed on.
func (o *output) finish() {
	_ = o.read.SetReadDeadline(time.Now()) // copy sets it anew, for as long as there is something to read
	o.done.Wait()
}

// abandon closes an output that no command writes to.
func (o *output) abandon() {
	_ = o.read.Close()
	_ = o.write.Close()
}
