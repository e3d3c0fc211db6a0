package naislog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
)

// frame is a program counter with its own type, as in github.com/pkg/errors.
type frame uintptr

type traced struct {
	error
	stack []frame
}

func (e *traced) StackTrace() []frame { return e.stack }
func (e *traced) Unwrap() error       { return e.error }

func failDeep() error {
	var counters [8]uintptr
	e := &traced{error: &net.DNSError{Err: "no such host", Name: "quotes-db"}}
	for _, c := range counters[:runtime.Callers(1, counters[:])] {
		e.stack = append(e.stack, frame(c))
	}
	return e
}

type textStack struct{}

func (textStack) Error() string      { return "textStack" }
func (textStack) StackTrace() string { return "main.textStack(...)\n\t/src/textStack.go:1\n" }

type object struct{ Code int }

func (object) Error() string                  { return "object" }
func (o object) MarshalJSON() ([]byte, error) { return json.Marshal(o.Code) }

// TestLogHandlerMatrix checks the log lines for every combination of an error, a level and a
// group.
func TestLogHandlerMatrix(t *testing.T) {
	levels := map[slog.Level]string{-8: "TRACE", -4: "DEBUG", 0: "INFO", 1: "INFO", 4: "WARN", 6: "WARN", 8: "ERROR", 12: "ERROR"}
	groups := map[string]func(*slog.Logger) *slog.Logger{
		"none":   func(l *slog.Logger) *slog.Logger { return l },
		"one":    func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") },
		"two":    func(l *slog.Logger) *slog.Logger { return l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h") },
		"inline": func(l *slog.Logger) *slog.Logger { return l.With(slog.Group("", "a", 1)) },
	}
	type row struct {
		err         error
		kind, stack string // "" means that the line does not have the field
	}
	rows := map[string]row{
		"none":                 {},
		"plain":                {errors.New("no quote"), "*errors.errorString", ""},
		"wrapped":              {fmt.Errorf("get: %w", fmt.Errorf("open: %w", &fs.PathError{Op: "open", Path: "/q", Err: os.ErrNotExist})), "*fs.PathError", ""},
		"joined":               {errors.Join(errors.New("first"), &net.OpError{Op: "dial", Err: errors.New("refused")}), "*errors.errorString", ""},
		"stack":                {failDeep(), "*naislog_test.traced", "naislog_test.failDeep(...)"},
		"stack, wrapped":       {fmt.Errorf("load: %w", failDeep()), "*naislog_test.traced", "naislog_test.failDeep(...)"},
		"stack, second joined": {errors.Join(errors.New("first"), failDeep()), "*errors.errorString", "naislog_test.failDeep(...)"},
		"stack as text":        {textStack{}, "naislog_test.textStack", "main.textStack(...)"},
		"writes itself":        {object{7}, "naislog_test.object", ""},
		"nil pointer":          {(*fs.PathError)(nil), "*fs.PathError", ""},
	}
	for level, word := range levels {
		for group, under := range groups {
			for name, want := range rows {
				for _, how := range []string{"record", "with", "in a group"} {
					line := logged(t, &slog.HandlerOptions{Level: slog.Level(-100)}, func(l *slog.Logger) {
						l = under(l)
						switch {
						case want.err == nil:
							l.Log(remote(sampledParent), level, "it went wrong", "n", 1)
						case how == "record":
							l.Log(remote(sampledParent), level, "it went wrong", "n", 1, "error", want.err)
						case how == "with":
							l.With("error", want.err).Log(remote(sampledParent), level, "it went wrong", "n", 1)
						default:
							l.Log(remote(sampledParent), level, "it went wrong", "n", 1, slog.Group("inner", "error", want.err))
						}
					})
					kind, _ := line["error.type"].(string)
					stack, _ := line["stack_trace"].(string)
					if line["level"] != word || line["message"] != "it went wrong" || kind != want.kind ||
						line["trace_id"] != "0af7651916cd43dd8448eb211c80319c" || line["span_id"] != "b7ad6b7169203331" ||
						want.stack == "" && line["stack_trace"] != nil || !strings.Contains(stack, want.stack) {
						t.Errorf("%v, group %s, error %s, %s: got %v", level, group, name, how, line)
					}
					if want.err != nil && name != "nil pointer" && how == "record" {
						if got := innermost(line)["error"]; got != want.err.Error() {
							t.Errorf("group %s, error %s: got error %v, want %q", group, name, got, want.err)
						}
					}
				}
			}
		}
	}
}

func innermost(line map[string]any) map[string]any {
	for _, name := range []string{"g", "h"} {
		if inner, ok := line[name].(map[string]any); ok {
			line = inner
		}
	}
	return line
}

func TestLogHandlerKeepsTheProgramsOwnFault(t *testing.T) {
	for name, log := range map[string]func(*slog.Logger){
		"record": func(l *slog.Logger) { l.Error("m", "error", failDeep(), "stack_trace", "mine", "error.type", "own") },
		"with": func(l *slog.Logger) {
			l.With("stack_trace", "mine", "error.type", "own").Error("m", "error", failDeep())
		},
		"with and group": func(l *slog.Logger) {
			l.With("stack_trace", "mine", "error.type", "own").WithGroup("g").Error("m", "error", failDeep())
		},
	} {
		if line := logged(t, nil, log); line["stack_trace"] != "mine" || line["error.type"] != "own" {
			t.Errorf("%s: got %v", name, line)
		}
	}
	line := logged(t, nil, func(l *slog.Logger) { l.WithGroup("g").Error("m", "stack_trace", "mine", "n", 1) })
	if group := line["g"].(map[string]any); line["stack_trace"] != "mine" || group["stack_trace"] != nil || group["n"] != 1.0 {
		t.Errorf("below a group: got %v, want stack_trace at the top", line)
	}
}

func TestLogHandlerFaultBehindReplacedMessage(t *testing.T) {
	for name, replace := range map[string]func([]string, slog.Attr) slog.Attr{
		"dropped": func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.MessageKey {
				return slog.Attr{}
			}
			return a
		},
		"seen": func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.MessageKey && a.Value.String() != "m" {
				t.Errorf("message: the program sees %q", a.Value)
			}
			return a
		},
	} {
		line := logged(t, &slog.HandlerOptions{ReplaceAttr: replace}, func(l *slog.Logger) { l.Error("m", "error", failDeep()) })
		if stack, _ := line["stack_trace"].(string); line["error.type"] != "*naislog_test.traced" || !strings.Contains(stack, "failDeep") || line["trace_id"] != nil {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func fallDown() {
	words := map[string]map[string]int{}
	words["none"]["a"] = 1
}

// survive calls f. If f panics, survive recovers and logs the panic, like a server does.
func survive(log *slog.Logger, f func()) {
	defer func() {
		if v := recover(); v != nil {
			log.Error("handler panicked", "error", fmt.Sprint(v))
		}
	}()
	f()
}

func TestLogHandlerHasTheStackOfThePanic(t *testing.T) {
	again := func() {
		defer func() { panic(recover()) }()
		fallDown()
	}
	for name, tt := range map[string]struct {
		group string
		fall  func()
	}{"plain": {"", fallDown}, "group": {"g", fallDown}, "panics again": {"", again}} {
		line := logged(t, nil, func(l *slog.Logger) { survive(l.WithGroup(tt.group), tt.fall) })
		stack, _ := line["stack_trace"].(string)
		if first, _, _ := strings.Cut(stack, "("); first != "github.com/nais/spor/setup/internal/naislog_test.fallDown" {
			t.Errorf("%s: got stack %q, want it to begin where the panic did", name, stack)
		}
	}
	line := logged(t, nil, func(l *slog.Logger) {
		survive(slog.New(slog.DiscardHandler), fallDown)
		l.Error("later")
	})
	if line["stack_trace"] != nil {
		t.Errorf("after a panic: got %v, want no stack", line)
	}
	line = logged(t, nil, func(l *slog.Logger) {
		defer func() { l.Error("deferred") }()
	})
	if line["stack_trace"] != nil {
		t.Errorf("in a deferred function without a panic: got %v, want no stack", line)
	}
}

func TestLogHandlerTakesPanicsOfHandlersApart(t *testing.T) {
	for name, errorLog := range map[string]func(slog.Handler) *log.Logger{
		"ErrorLog": func(h slog.Handler) *log.Logger { return slog.NewLogLogger(h, slog.LevelWarn) },
		"log":      func(slog.Handler) *log.Logger { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			buf := logLines(t, outputs{})
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fallDown() }))
			server.Config.ErrorLog = errorLog(slog.Default().Handler())
			server.Start()
			defer server.Close()
			if resp, err := http.Get(server.URL); err == nil {
				resp.Body.Close()
			}
			eventually(t, "a line", func() bool { return buf.String() != "" })
			line := buf.All(t)[0]
			stack, _ := line["stack_trace"].(string)
			if line["level"] != "ERROR" || line["message"] != "http: panic serving" || line["error"] != "assignment to entry in nil map" ||
				!strings.HasPrefix(stack, "goroutine ") || !strings.Contains(stack, "fallDown") {
				t.Errorf("got %v", line)
			}
		})
	}
}

func TestLogHandlerTakesOtherLinesAsTheyAre(t *testing.T) {
	for _, message := range []string{"http: panic serving", "http: superfluous response.WriteHeader call", "panic serving x: y"} {
		if line := logged(t, nil, func(l *slog.Logger) { l.InfoContext(context.Background(), message) }); line["message"] != message || line["level"] != "INFO" {
			t.Errorf("got %v, want %q", line, message)
		}
	}
	line := logged(t, nil, func(l *slog.Logger) { l.Info("http2: panic serving [::1]:80: a: b") })
	if line["message"] != "http2: panic serving" || line["error"] != "a: b" || line["stack_trace"] != nil {
		t.Errorf("without a stack: got %v", line)
	}
}
