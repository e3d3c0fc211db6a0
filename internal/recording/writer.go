package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
)

// A Writer writes a recording. It is safe for concurrent use. For each line, it calls the
// underlying Write method once.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	err error // the error of the first call of w.Write that failed
}

// NewWriter returns a Writer that writes to w. The Writer has no buffer, so no line is lost
// when the program crashes.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes r as one line. It does not change r. If r is empty, it writes nothing. If the
// underlying Write method fails, the line may be incomplete. After that, Write writes nothing
// more and always returns the first error.
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

// encode returns r as one line that ends with a newline. It returns nil if r is empty.
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
