package naislog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"
)

// splitWriter reads lines from the calls of Write. It fails the test if a call has not exactly
// one line.
type splitWriter struct {
	t     *testing.T
	lines [][]byte
}

func (w *splitWriter) Write(b []byte) (int, error) {
	if bytes.IndexByte(b, '\n') != len(b)-1 {
		w.t.Errorf("a call of Write has not exactly one line: %.100q", b)
	}
	w.lines = append(w.lines, bytes.Clone(b))
	return len(b), nil
}

// TestLinesAreNotInterleaved checks that each of many concurrent records is one call of Write.
// The writer has no lock, so the race detector also checks that the calls are not concurrent.
func TestLinesAreNotInterleaved(t *testing.T) {
	const goroutines, each, length = 80, 100, 4 << 10
	w := &splitWriter{t: t}
	root := slog.New(newHandler(w, nil))
	loggers := []*slog.Logger{root, root.With("a", 1), root.WithGroup("g"), root.With("a", 1).WithGroup("g").With("b", 2)}
	var wait sync.WaitGroup
	for i := range goroutines {
		wait.Go(func() {
			text := strings.Repeat(string(rune('a'+i%26)), length)
			for range each {
				loggers[i%len(loggers)].InfoContext(remote(sampledParent), text, "i", i)
			}
		})
	}
	wait.Wait()
	if len(w.lines) != goroutines*each {
		t.Fatalf("got %d lines, want %d", len(w.lines), goroutines*each)
	}
	for _, b := range w.lines {
		var line map[string]any
		if err := json.Unmarshal(b, &line); err != nil {
			t.Fatalf("%v: %.200s", err, b)
		}
		text, _ := line["message"].(string)
		if len(text) != length || strings.Trim(text, text[:1]) != "" || line["span_id"] == nil {
			t.Fatalf("mixed up: %.200s", b)
		}
	}
}

// TestLongValuesAreCut checks that a value has a maximum length, and that the rest of the line
// is complete.
func TestLongValuesAreCut(t *testing.T) {
	const limit = 256 << 10
	long := strings.Repeat("æ ", 100<<10)
	if line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "value", strings.Repeat("x", 4<<20)) }); len(line["value"].(string)) != limit+len("…") {
		t.Error("a text of 4 MiB is not cut")
	}
	for name, value := range map[string]any{
		"text": long, "bytes": []byte(long), "error": errors.New(long), "map": map[string]any{"k": long}, "list": []string{long, long},
		"struct": struct{ A string }{long}, "valuer": twinValuer{slog.StringValue(long)}, "raw": json.RawMessage(`"` + long + `"`),
	} {
		for _, where := range []string{"attribute", "group", "with", "secret"} {
			line := logged(t, nil, func(l *slog.Logger) {
				switch where {
				case "attribute":
					l.Info("m", "before", 1, "value", value, "after", 2)
				case "group":
					l.Info("m", "before", 1, slog.Group("", "value", value), "after", 2)
				case "with":
					l.With("before", 1, "value", value).Info("m", "after", 2)
				case "secret":
					l.Info("m", "before", 1, "value", "x", slog.Group("token", "value", value), "after", 2)
				}
			})
			text := fmt.Sprint(line["value"])
			if where == "secret" {
				if got := fmt.Sprint(line["token"]); strings.Contains(got, "æ") || !strings.Contains(got, "REDACTED") {
					t.Errorf("%s: got %.100s", name, got)
				}
			} else if len(text) > limit+len("…") || len(text) < limit-8 || !strings.HasSuffix(text, "…") || strings.Contains(text, "\ufffd") {
				t.Errorf("%s, %s: got %d bytes, %.20q … %.20q", name, where, len(text), text, text[max(0, len(text)-20):])
			}
			if line["before"] != 1.0 || line["after"] != 2.0 || line["message"] != "m" {
				t.Errorf("%s, %s: the rest of the line is not complete", name, where)
			}
		}
	}
	if line := logged(t, nil, func(l *slog.Logger) { l.Info(long) }); !strings.HasSuffix(line["message"].(string), "…") {
		t.Error("the message is not cut")
	}
}

// TestNumbersAreMaskedBeforeACut checks that no part of a personal number or of a credential
// is left at the end of a text that is cut.
func TestNumbersAreMaskedBeforeACut(t *testing.T) {
	const limit = 256 << 10
	for _, secret := range []string{"01017012345", "Bearer abcdefgh12345678", "https://user:hunter2@host/"} {
		for before := limit - len(secret) - 1; before <= limit+1; before += 3 {
			text := strings.Repeat("x", before-1) + " " + secret + " " + strings.Repeat("y", 3000)
			for _, value := range []any{text, []string{text}} {
				line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "value", value) })
				got := fmt.Sprint(line["value"])
				for _, part := range []string{"0101", "abcdefgh", "user", "hunter"} {
					if strings.Contains(got[len(got)-40:], part) {
						t.Fatalf("%d: %q is left in %q", before-limit, part, got[len(got)-40:])
					}
				}
			}
		}
	}
}

// TestTimesAreJSON checks that every time gives a line of JSON.
func TestTimesAreJSON(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(12026, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(-1, 1, 2, 3, 4, 5, 6, time.UTC), time.Unix(1<<40, 0), time.Unix(-1<<50, 0),
		{},
		time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("x", 100*3600+7)),
	} {
		want := at.Format(time.RFC3339Nano)
		for name, log := range map[string]func(*slog.Logger){
			"attribute": func(l *slog.Logger) { l.Info("m", "at", at, "after", 1) },
			"with":      func(l *slog.Logger) { l.With("at", at).Info("m", "after", 1) },
		} {
			if line := logged(t, nil, log); line["at"] != want || line["after"] != 1.0 {
				t.Errorf("%s: got %v, want %s", name, line, want)
			}
		}
		r := slog.NewRecord(at, slog.LevelInfo, "m", 0)
		var buf bytes.Buffer
		if err := newHandler(&buf, nil).Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if line := oteltest.ParseLines(t, buf.String())[0]; !at.IsZero() && line["time"] != want {
			t.Errorf("record: got %v, want %s", line, want)
		}
	}
}

// panics is a value whose methods panic.
type panics struct{ cause any }

func (p panics) LogValue() slog.Value { panic(p.cause) }

type panicsError struct{ cause any }

func (p panicsError) Error() string { panic(p.cause) }

type panicsJSON struct{ cause any }

func (p panicsJSON) MarshalJSON() ([]byte, error) { panic(p.cause) }

type panicsText struct{ cause any }

func (p panicsText) MarshalText() ([]byte, error) { panic(p.cause) }

type panicsMapKey struct{ Cause string }

func (p panicsMapKey) MarshalText() ([]byte, error) { panic(p.Cause) }

type endless struct{}

func (e endless) LogValue() slog.Value { return slog.AnyValue(e) }

// TestPanickingValues checks that a line is complete if a method of a value panics. Only a value
// that is an error gives the line an error.
func TestPanickingValues(t *testing.T) {
	for _, cause := range []any{"on purpose", errors.New("on purpose"), 7} {
		for name, tt := range map[string]struct {
			value any
			kind  any
		}{
			"valuer":      {panics{cause}, nil},
			"error":       {panicsError{cause}, "naislog_test.panicsError"},
			"JSON":        {panicsJSON{cause}, nil},
			"text":        {panicsText{cause}, nil},
			"map key":     {map[panicsMapKey]int{{"on purpose"}: 1}, nil},
			"in a list":   {[]any{1, panicsJSON{cause}}, nil},
			"errors":      {[]error{nil, panicsError{cause}}, nil},
			"endless":     {endless{}, nil},
			"nil pointer": {(*panicsJSON)(nil), nil},
			"nil error":   {(*panicsError)(nil), "*naislog_test.panicsError"},
			"nil valuer":  {(*panics)(nil), nil},
		} {
			for where, log := range map[string]func(*slog.Logger){
				"attribute": func(l *slog.Logger) { l.Info("m", "before", 1, "value", tt.value, "after", 2) },
				"group":     func(l *slog.Logger) { l.Info("m", "before", 1, slog.Group("g", "value", tt.value), "after", 2) },
				"with":      func(l *slog.Logger) { l.With("before", 1, "value", tt.value).Info("m", "after", 2) },
			} {
				line := logged(t, nil, log)
				if line["before"] != 1.0 || line["after"] != 2.0 || line["error.type"] != tt.kind || line["value"] == nil && name != "nil pointer" && line["g"] == nil {
					t.Errorf("%s, %s: got %v", name, where, line)
				}
			}
		}
	}
}

func TestPanickingReplaceAttrLeavesNoLock(t *testing.T) {
	fail := true
	h := newHandler(io.Discard, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if fail {
			panic("on purpose")
		}
		return a
	}})
	func() {
		defer func() { _ = recover() }()
		slog.New(h).Info("m")
	}()
	fail = false
	slog.New(h).Info("m", "a", 1)
}
