//go:build unix

package main_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	main "github.com/nais/spor/cmd/spor"
)

func TestReadable(t *testing.T) {
	t.Setenv("TZ", "UTC")
	time.Local = time.UTC //nolint:gosmopolitan // the test reads local times
	for input, want := range map[string]string{
		`{"time":"2026-11-29T10:04:05.123456Z","level":"INFO","message":"order taken","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","id":7,"team":"shop"}`: "10:04:05.123 INFO  order taken  id=7  team=shop  trace=4bf92f35\n",
		`{"level":"warn","msg":"zap's line","ts":"x","note":"two words","empty":"","list":[1,2],"nested":{"a":"b"}}`:                                                                    "x WARN  zap's line  note=\"two words\"  empty=\"\"  list=[1,2]  nested={\"a\":\"b\"}\n",
		`{"level":"ERROR","message":"failed","stack_trace":"goroutine 1:\nmain.run()\n\tmain.go:7"}`:                                                                                    "ERROR failed\n    goroutine 1:\n    main.run()\n      main.go:7\n",
		`{"level":"INFO","message":"a\u001b[31mb\u202ec","k\n":"v\u0007"}`:                                                                                                              "INFO  abc  k =v\n",
		`{"level":"info","ts":1795946645.123,"msg":"a","message":"b","stack":["x"],"trace_id":7}`:                                                                                       "10:04:05.123 INFO  a  message=b  stack=[\"x\"]  trace_id=7\n",
		"plain text":                       "plain text\n",
		`{"message":"no level"}`:           `{"message":"no level"}` + "\n",
		`{"level":"INFO","message":"cut`:   `{"level":"INFO","message":"cut` + "\n",
		`{"level":"INFO","message":"a"} x`: `{"level":"INFO","message":"a"} x` + "\n",
		`{}`:                               "{}\n",
		"":                                 "\n",
	} {
		for _, step := range []int{1, 7, 1 << 20} {
			var out bytes.Buffer
			w := main.Readable(&out, false)
			for text := input + "\n"; text != ""; text = text[min(step, len(text)):] {
				if _, err := w.Write([]byte(text[:min(step, len(text))])); err != nil {
					t.Fatal(err)
				}
			}
			if out.String() != want {
				t.Errorf("%s in steps of %d: got %q, want %q", input, step, out.String(), want)
			}
		}
	}
}

// TestReadableDoesNotHold checks that text that is no JSON appears immediately, and that nothing is
// lost at the end.
func TestReadableDoesNotHold(t *testing.T) {
	var out bytes.Buffer
	w := main.Readable(&out, false)
	_, _ = w.Write([]byte("Name: "))
	if out.String() != "Name: " {
		t.Errorf("got %q", out.String())
	}
	_, _ = w.Write([]byte("{x}\n{\"level\":"))
	if err := w.Close(); err != nil || out.String() != "Name: {x}\n{\"level\":" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	out.Reset()
	long := "{" + strings.Repeat("x", main.MaxLine)
	_, _ = w.Write([]byte(long))
	_, _ = w.Write([]byte("y\nz\n"))
	if out.String() != long+"y\nz\n" {
		t.Errorf("a long line: got %d bytes", out.Len())
	}
}

func FuzzReadable(f *testing.F) {
	f.Add([]byte(`{"level":"INFO","message":"a"}`+"\n"), 3)
	f.Add([]byte("{\n{}\n"), 1)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		if step <= 0 {
			return
		}
		var whole, parts bytes.Buffer
		w := main.Readable(&whole, true)
		_, _ = w.Write(text)
		_ = w.Close()
		p := main.Readable(&parts, true)
		for rest := text; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			_, _ = p.Write(rest[:min(step, len(rest))])
		}
		_ = p.Close()
		if whole.String() != parts.String() {
			t.Errorf("got %q in one write, %q in several", whole.String(), parts.String())
		}
	})
}

func TestRunDrawsSelectedTraces(t *testing.T) {
	for flags, want := range map[string]string{
		"":                                 "quotes job",
		"--quiet":                          "",
		"-q":                               "",
		"--errors":                         "quotes",
		"--filter select":                  "quotes",
		"--filter GET --filter 200":        "quotes",
		"--filter http.request.method=get": "quotes",
		"--filter STEP":                    "job",
		"--filter nothing":                 "",
		"--slower 1h":                      "",
		"--slower 1ns":                     "quotes job",
	} {
		got := finish(t, spor(t, running("traces", strings.Fields(flags)...)...))
		var drawn []string
		for _, trace := range []struct{ name, text string }{{"quotes", "GET /quotes/{id}"}, {"job", "└ step"}} {
			if strings.Contains(got.stderr, trace.text) {
				drawn = append(drawn, trace.name)
			}
		}
		if strings.Join(drawn, " ") != want || !strings.Contains(got.stderr, "2 traces, 5 spans") || got.code != 0 {
			t.Errorf("%s: got %v, want %s:\n%s", flags, drawn, want, got.stderr)
		}
	}
}
