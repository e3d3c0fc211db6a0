package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
)

// A Writer writes a recording. It may be used from many goroutines; every line
// is one call of the underlying Write.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	err error // of the first write that failed
}

// NewWriter returns a Writer to w. It does not buffer: what was written is in
// the file when the program dies.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes r, which is not changed, as one line. A request that holds
// nothing writes nothing. Once the underlying Write has failed, and may have
// left half a line, Write does nothing but return that error.
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

// encode returns r as one line, newline included.
func encode(r Request) ([]byte, error) {
	r = r.clone()
	if err := r.convert(hexToPrint); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(r.message())
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	// protojson puts spaces in on purpose, so that nobody relies on their absence.
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
