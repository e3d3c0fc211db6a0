package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
)

// A Writer writes a recording. It is safe for concurrent use. It writes each line with one
// call of the underlying Write.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	err error // of the first call of w.Write that failed
}

// NewWriter returns a Writer that writes to w. It does not buffer, so that no line is lost
// when the program dies.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes r as one line, and does not change r. It writes nothing if r is empty. After
// the first error of the underlying Write, which may have left an incomplete line, Write
// only returns that error.
func (w *Writer) Write(r Request) error {
	line, err := encode(r)
	if err != nil || len(line) == 0 {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if _, err := w.w.Write(line); err != nil {
		w.err = fmt.Errorf("recording: write: %w", err)
	}
	return w.err
}

// encode returns r as one line with a newline. It returns nil if r is empty.
func encode(r Request) ([]byte, error) {
	r = r.clone()
	if err := r.convert(hexToPrint); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(r.message())
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	// protojson adds random spaces so that programs do not depend on its exact output.
	// Compact removes them.
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if line.String() == "{}" {
		return nil, nil
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}
