package crash_test

import (
	"strings"
	"testing"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// TestLabelsOfHeaders reads every form of a header. The forms of Go 1.26 were recorded with
// Go 1.26.8. The forms of Go 1.27 are transcribed from headers that others have published, for
// example in golang/go#75047. No program of this repository is built with Go 1.27 yet.
func TestLabelsOfHeaders(t *testing.T) {
	const (
		go126 = "Go 1.26"
		go127 = "Go 1.27 (transcribed)"
	)
	// In these labels, Q is a quotation mark in the form of Go 1.26.
	labels := map[string]struct {
		text           string
		trace, span    string
		onlyWithQuotes bool
	}{
		"both":            {`Qspan_idQ: Qb7ad6b7169203331Q, Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ`, traceID, spanID, false},
		"trace alone":     {`Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ`, traceID, "", false},
		"among others":    {`QaQ: Qb.c/dQ, Qspan_idQ: Qb7ad6b7169203331Q, Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ, QzQ: Q0_1Q`, traceID, spanID, false},
		"after quotes":    {`QaQ: "x, y: \"} ]:\n\u00e5\x1b\U0001f600", Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ`, traceID, "", false},
		"other form":      {`QaQ: "] {trace_id: x} labels:{\"trace_id\": \"y\"}", Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ`, traceID, "", false},
		"no IDs":          {`Qtrace_idQ: QordersQ, Qspan_idQ: Q1Q`, "", "", false},
		"zero IDs":        {`Qspan_idQ: Q0000000000000000Q, Qtrace_idQ: Q00000000000000000000000000000000Q`, "", "", false},
		"personal number": {`Qtrace_idQ: Q01017012345Q`, "", "", false},
		"empty":           {`QaQ: "", Qtrace_idQ: Q0af7651916cd43dd8448eb211c80319cQ`, traceID, "", false},
		"broken":          {`QaQ: "x`, "", "", false},
		"none":            {``, "", "", false},
	}
	statuses := map[string]bool{
		"running": true, "running, locked to thread": true, "running (scan)": true, "syscall": true, "syscall, 2 minutes": true,
		"chan receive": false, "select (no cases)": false, "IO wait, 3 minutes": false, "idle": false, "runnable": false,
	}
	for _, id := range []string{"goroutine 7", "goroutine 7 gp=0xc000002380 m=0 mp=0x5b3440", "goroutine 7 gp=0xc000002380 m=nil"} {
		for status, crashed := range statuses {
			for name, label := range labels {
				headers := map[string]string{
					go126: id + " [" + status + " labels:{" + strings.ReplaceAll(label.text, "Q", `"`) + "}]:",
					go127: id + " [" + status + "] {" + strings.ReplaceAll(label.text, "Q", "") + "}:",
				}
				for version, header := range headers {
					for _, before := range []string{"panic: boom\n\n", "\nruntime stack:\nruntime.throw({0x1?, 0x2?})\n\t/x.go:1 +0x1\n\n"} {
						line := keepText(t, before+header+"\nmain.main()\n\t/x.go:1 +0x1\n")
						wantTrace, wantSpan := label.trace, label.span
						if !crashed {
							wantTrace, wantSpan = "", ""
						}
						if field(line, "trace_id") != wantTrace || field(line, "span_id") != wantSpan {
							t.Errorf("%s, %s: %s\ngot %v, %v", version, name, header, line["trace_id"], line["span_id"])
						}
					}
				}
			}
		}
	}
}

// TestTextsOfCrashes reads texts that cannot be made with Go 1.26.8, or only on other systems.
func TestTextsOfCrashes(t *testing.T) {
	const stack = "\n\ngoroutine 7 [running]:\nmain.main()\n\t/x.go:1 +0x1\n"
	for name, tt := range map[string]struct{ text, cause, errorType string }{
		"text of a fatal error": {"fatal error: concurrent map writes" + stack, "fatal error: concurrent map writes", ""},
		"text of a stack overflow": {
			"runtime: goroutine stack exceeds 1000000000-byte limit\nruntime: sp=0x340a599e0388 stack=[0x340a599e0000, 0x340a799e0000]\nfatal error: stack overflow\n\nruntime stack:\nruntime.throw({0x1?, 0x2?})\n",
			"runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow", "",
		},
		"text of a fault":         {"unexpected fault address 0x7f\nfatal error: fault\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x7f pc=0x4b]" + stack, "unexpected fault address 0x7f\nfatal error: fault", ""},
		"signal in C":             {"SIGSEGV: segmentation violation\nPC=0x7f m=0 sigcode=1 addr=0x0\nsignal arrived during cgo execution" + stack, "SIGSEGV: segmentation violation\nsignal arrived during cgo execution", ""},
		"Windows":                 {"Exception 0xc0000005 0x8 0x0 0x0\nPC=0x0" + stack, "Exception 0xc0000005 0x8 0x0 0x0", ""},
		"panic during panic":      {"panic: boom\npanic during panic" + stack, "panic: boom\npanic during panic", ""},
		"unknown fatal error":     {"\ngoroutine 7 [running]:\nmain.main()\n\t/x.go:1 +0x1\n", "fatal error: see the first function of stack_trace", ""},
		"only stack of scheduler": {"\nruntime stack:\nruntime.throw({0x1?, 0x2?})\n\t/x.go:1\nruntime.other()\n\t/x.go:1\n", "fatal error: see the first function of stack_trace", ""},
		"call in a text":          {`panic: main.Find("x") failed` + stack, `panic: main.Find("x") failed`, ""},
		"brackets in a text":      {`panic: (see below) 0x1` + stack, `panic: (see below) 0x1`, ""},
		"repanicked type":         {`panic: main.code("x") [recovered, repanicked]` + stack, `panic: main.code("x") [recovered, repanicked]`, "main.code"},
		"generic type":            {"panic: (main.pair[int,string]) 0xc000012345" + stack, "panic: (main.pair[int,string]) 0xc000012345", "main.pair[int,string]"},
		"cut":                     {"pan", "pan", ""},
		"blank":                   {"\n", "fatal error: see the first function of stack_trace", ""},
	} {
		t.Run(name, func(t *testing.T) {
			line := keepText(t, tt.text)
			if field(line, "error") != tt.cause || field(line, "error.type") != tt.errorType || line["stack_trace"] != tt.text {
				t.Errorf("got %q, type %q, stack %q, want %q, type %q", line["error"], line["error.type"], line["stack_trace"], tt.cause, tt.errorType)
			}
		})
	}
}

func FuzzKeep(f *testing.F) {
	for _, text := range []string{
		"", "\n", "panic: ", "panic: (main.x) 0x", "goroutine ", "goroutine 1 [running", "[signal ", "\x00\xff",
		"panic: a [recovered]\n\tpanic: b\n\ngoroutine 1 [running labels:{\"trace_id\": \"" + traceID + "\"}]:\nmain.main()\n",
		"\nruntime stack:\nruntime.throw()\n\ngoroutine 1 gp=0x1 m=0 mp=0x1 [running] {a: \"\\\"\", trace_id: " + traceID + "}:\nmain.main()\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := keepText(t, text)
		if text == "" {
			if line != nil {
				t.Errorf("got %v for an empty file", line)
			}
			return
		}
		if field(line, "error") == "" || line["stack_trace"] == nil || line["level"] != "ERROR" {
			t.Errorf("%q: got %v", text, line)
		}
	})
}
