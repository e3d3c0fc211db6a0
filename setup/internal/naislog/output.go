package naislog

import (
	"encoding/json"
	"io"
	"sync"
)

// output is the writer of a handler. All handlers that were made with WithAttrs and WithGroup
// share it.
type output struct {
	mu    sync.Mutex
	w     io.Writer
	lines sync.Pool // of *line
}

// largestKept is a size in bytes. A line with a larger buffer is not used again.
const largestKept = 64 << 10

// line returns an empty line for an attribute list or a record of h.
func (o *output) line(h *handler, hasSpan bool) *line {
	l, _ := o.lines.Get().(*line)
	if l == nil {
		l = &line{buf: make([]byte, 0, 1024)}
		l.json = json.NewEncoder(l)
		l.json.SetEscapeHTML(false)
	}
	l.handler, l.names, l.hasSpan, l.marks = h, h.outputs.Names(), hasSpan, h.marks
	l.groups, l.depth, l.secrets = l.groups[:0], 0, 0
	l.masks, l.head, l.final = h.team == nil, false, false
	l.err, l.stack = nil, ""
	l.buf = l.buf[:0]
	return l
}

func (o *output) free(l *line) {
	if cap(l.buf) <= largestKept {
		l.handler, l.err, l.stack = nil, nil, ""
		clear(l.groups)
		o.lines.Put(l)
	}
}

// write writes a whole line with one call.
func (o *output) write(line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(line)
	return err
}
