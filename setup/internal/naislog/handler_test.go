package naislog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"github.com/nais/spor/internal/suppress"
)

func TestLogHandlerKeepsToSlogsRules(t *testing.T) {
	var buf bytes.Buffer
	err := slogtest.TestHandler(newHandler(&buf, nil), func() []map[string]any {
		lines := oteltest.ParseLines(t, buf.String())
		for _, line := range lines {
			line[slog.MessageKey] = line["message"]
			delete(line, "message")
		}
		return lines
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLogHandlerWithoutContext checks that a nil context is accepted, as by the handlers of slog.
func TestLogHandlerWithoutContext(t *testing.T) {
	var buf bytes.Buffer
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "hello", 0)
	if err := newHandler(&buf, nil).Handle(nil, r); err != nil { //nolint:staticcheck // the test is about nil
		t.Fatal(err)
	}
	if !strings.Contains(buf.String(), `"hello"`) {
		t.Errorf("got %q", buf.String())
	}
}

func TestLogHandlerLevels(t *testing.T) {
	for level, want := range map[slog.Level]string{
		slog.LevelDebug - 4: "TRACE", slog.LevelDebug: "DEBUG", slog.LevelDebug + 1: "DEBUG", slog.LevelInfo: "INFO",
		slog.LevelInfo + 2: "INFO", slog.LevelWarn: "WARN", slog.LevelError: "ERROR", slog.LevelError + 4: "ERROR", 1000: "ERROR",
	} {
		line := logged(t, &slog.HandlerOptions{Level: slog.Level(-100)}, func(l *slog.Logger) { l.Log(context.Background(), level, "m") })
		if line["level"] != want {
			t.Errorf("%v: got %v, want %s", level, line["level"], want)
		}
	}
}

func TestLogHandlerPutsTheSpanAtTheTop(t *testing.T) {
	ctx := remote(sampledParent)
	for name, log := range map[string]func(*slog.Logger){
		"plain":         func(l *slog.Logger) { l.InfoContext(ctx, "hello", "a", 1) },
		"no attributes": func(l *slog.Logger) { l.InfoContext(ctx, "hello") },
		"group":         func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "hello", "a", 1) },
		"group, attribute": func(l *slog.Logger) {
			l.With("b", 2).WithGroup("g").With("c", 3).WithGroup("h").InfoContext(ctx, "hello", "a", 1)
		},
		"empty group": func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "hello") },
		"quotes":      func(l *slog.Logger) { l.InfoContext(ctx, `hello`, `"msg":"`, `\"level":"`) },
		"reserved":    func(l *slog.Logger) { l.InfoContext(ctx, "hello", "trace_id", "x", "span_id", "y") },
	} {
		line := logged(t, nil, log)
		if line["message"] != "hello" || line["trace_id"] != "0af7651916cd43dd8448eb211c80319c" || line["span_id"] != "b7ad6b7169203331" {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestLogHandlerWithoutSpan(t *testing.T) {
	line := logged(t, nil, func(l *slog.Logger) { l.Info("hello", "trace_id", "mine") })
	if _, found := line["span_id"]; found || line["trace_id"] != "mine" {
		t.Errorf("got %v, want the program's trace_id and no span_id", line)
	}
	line = logged(t, nil, func(l *slog.Logger) {
		l.With("trace_id", "mine").InfoContext(remote(sampledParent), "hello")
	})
	if line["trace_id"] != "mine" || line["span_id"] != nil {
		t.Errorf("got %v, want the program's trace_id alone", line)
	}
}

func TestLogHandlerKeepsItsNames(t *testing.T) {
	for _, key := range []string{"time", "level", "msg", "message"} {
		for name, log := range map[string]func(*slog.Logger){
			"record": func(l *slog.Logger) { l.Info("hello", key, "mine") },
			"with":   func(l *slog.Logger) { l.With(key, "mine").Info("hello") },
		} {
			line := logged(t, nil, log)
			if line["message"] != "hello" || line["level"] != "INFO" || line["fields."+key] != "mine" {
				t.Errorf("%s in %s: got %v", key, name, line)
			}
		}
		line := logged(t, nil, func(l *slog.Logger) { l.WithGroup("g").Info("hello", key, "mine") })
		if group, _ := line["g"].(map[string]any); group[key] != "mine" {
			t.Errorf("%s in a group: got %v", key, line)
		}
	}
}

func TestLogHandlerMessages(t *testing.T) {
	for _, message := range []string{"", "plain", `with "quotes" and \ and \"`, `","level":"x`, "new\nline", "\xff", strings.Repeat("long ", 50_000)} {
		want, _ := json.Marshal(message)
		var text string
		if err := json.Unmarshal(want, &text); err != nil {
			t.Fatal(err)
		}
		line := logged(t, &slog.HandlerOptions{AddSource: true}, func(l *slog.Logger) { l.InfoContext(remote(sampledParent), message, "a", 1) })
		if line["message"] != text || line["a"] != 1.0 || line["source"] == nil || line["span_id"] == nil {
			t.Errorf("%.40q: got %.200v", message, line)
		}
	}
}

func TestLogHandlerLeavesReplacedNamesAlone(t *testing.T) {
	drop := func(keys ...string) *slog.HandlerOptions {
		return &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			for _, key := range keys {
				if len(groups) == 0 && a.Key == key {
					return slog.Attr{}
				}
			}
			return a
		}}
	}
	for _, keys := range [][]string{{"time"}, {"level"}, {"msg"}, {"time", "level"}, {"time", "level", "msg"}} {
		line := logged(t, drop(keys...), func(l *slog.Logger) { l.InfoContext(remote(sampledParent), "hello", slog.Group("g", "msg", "inner")) })
		if line["span_id"] == nil || line["trace_id"] == nil || line["g"].(map[string]any)["msg"] != "inner" {
			t.Errorf("without %v: got %v", keys, line)
		}
		line = logged(t, drop(keys...), func(l *slog.Logger) { l.InfoContext(remote(sampledParent), "hello") })
		if line["span_id"] == nil {
			t.Errorf("without %v and attributes: got %v", keys, line)
		}
	}
	if line := logged(t, drop("msg"), func(l *slog.Logger) { l.Log(t.Context(), slog.LevelInfo+1, "hello", "a", 1) }); line["level"] != "INFO" {
		t.Errorf("level without a message: got %v", line)
	}
	upper := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey {
			return slog.String("severity", "NOTICE")
		}
		return a
	}}
	if line := logged(t, upper, func(l *slog.Logger) { l.Info("hello") }); line["severity"] != "NOTICE" || line["message"] != "hello" {
		t.Errorf("renamed level: got %v", line)
	}
}

type chatty struct{ log *slog.Logger }

func (c chatty) LogValue() slog.Value {
	c.log.Info("inner")
	return slog.StringValue("value")
}

func TestLogHandlerDoesNotBlockAValueThatLogs(t *testing.T) {
	var buf oteltest.Lines
	log := slog.New(newHandler(&buf, nil))
	log.InfoContext(remote(sampledParent), "outer", "a", chatty{log})
	got := buf.All(t)
	if len(got) != 2 || got[0]["message"] != "inner" || got[0]["span_id"] != nil || got[1]["message"] != "outer" || got[1]["span_id"] == nil {
		t.Errorf("lines: got %v", got)
	}
}

func TestLogHandlerWritesDurationsAsText(t *testing.T) {
	took := 31011234567 * time.Nanosecond // in nanoseconds, it looks like a personal number
	for name, log := range map[string]func(*slog.Logger){
		"record":        func(l *slog.Logger) { l.Info("m", "took", took) },
		"with":          func(l *slog.Logger) { l.With("took", took).Info("m") },
		"below a group": func(l *slog.Logger) { l.WithGroup("g").Info("m", "took", took) },
		"in a group":    func(l *slog.Logger) { l.Info("m", slog.Group("g", "took", took)) },
	} {
		line := logged(t, nil, log)
		if group, ok := line["g"].(map[string]any); ok {
			line = group
		}
		if line["took"] != "31.011234567s" {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestLogHandlerKnowsNoSilentSpan(t *testing.T) {
	line := logged(t, nil, func(l *slog.Logger) { l.InfoContext(suppress.Context(t.Context()), "m") })
	if line["trace_id"] != nil {
		t.Errorf("got %v, want no trace_id", line)
	}
}

func TestLogHandlerIsSafeForConcurrentUse(t *testing.T) {
	var buf oteltest.Lines
	handler := newHandler(&buf, nil)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			l := slog.New(handler).With("goroutine", i).WithGroup("g")
			for range 200 {
				if i%2 == 0 {
					l.InfoContext(remote(sampledParent), "even", "a", 1)
				} else {
					l.Error("odd", "a", 1)
				}
			}
		})
	}
	wait.Wait()
	for _, line := range buf.All(t) {
		even := line["message"] == "even"
		if _, hasSpan := line["span_id"]; hasSpan != even || even != (line["level"] == "INFO") {
			t.Fatalf("mixed up: %v", line)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("pipe is closed") }

func TestLogHandlerReturnsTheWritersError(t *testing.T) {
	err := newHandler(brokenWriter{}, nil).Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0))
	if err == nil {
		t.Error("got no error")
	}
}
