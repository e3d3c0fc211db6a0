package oteltest

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

// Lines is a log of JSON lines. The zero value is an empty log and is ready for use.
// Several goroutines may use a Lines at the same time.
type Lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// All returns each line as a decoded JSON object. It fails the test if a line is not JSON.
func (l *Lines) All(t *testing.T) []map[string]any {
	t.Helper()
	return ParseLines(t, l.String())
}

// ParseLines returns each line of text as a decoded JSON object. It fails the test if a
// line is not JSON.
func ParseLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var objects []map[string]any
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("not JSON: %q: %v", line, err)
		}
		objects = append(objects, object)
	}
	return objects
}

// ParseLine returns the decoded JSON object of a line. It fails the test if text is not exactly one
// line, with its line feed, or is not JSON.
func ParseLine(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil || bytes.Count(text, []byte("\n")) != 1 {
		t.Fatalf("not one line of JSON: %q: %v", text, err)
	}
	return object
}
