package setup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
)

// These handlers are made before main, as package variables are.
var (
	earlyHandler = setup.LogHandler(io.Discard, nil)
	levelOptions = map[string]*slog.HandlerOptions{
		"nil":      nil,
		"empty":    {AddSource: true},
		"error":    {Level: slog.LevelError},
		"variable": {Level: new(slog.LevelVar)},
	}
)

var levels = []slog.Level{slog.LevelDebug - 4, slog.LevelDebug, slog.LevelInfo, slog.LevelInfo + 2, slog.LevelWarn, slog.LevelError, slog.LevelError + 4}

// lowest returns the lowest of some levels that h handles.
func lowest(h slog.Handler) string {
	for _, level := range levels {
		if h.Enabled(context.Background(), level) {
			return level.String()
		}
	}
	return "none"
}

func init() {
	// The program "levels" prints the lowest level of handlers that were made before and after
	// the start.
	programs["levels"] = func() int {
		fmt.Println("early", lowest(earlyHandler))
		fmt.Println("default", lowest(slog.New(earlyHandler).With("a", 1).WithGroup("g").Handler()))
		return run(func(context.Context) error {
			for name, opts := range levelOptions {
				fmt.Println(name, lowest(setup.LogHandler(io.Discard, opts)))
			}
			setup.LogLevel.Set(slog.LevelWarn)
			fmt.Println("changed", lowest(earlyHandler))
			return nil
		})
	}
}

// TestLogLevelOfTheEnvironment starts programs with values of LOG_LEVEL. Package diagnosis tests
// all values.
func TestLogLevelOfTheEnvironment(t *testing.T) {
	for value, tt := range map[string]struct {
		want  string
		wrong bool
	}{
		"": {"INFO", false}, "trace": {"DEBUG-4", false}, "DEBUG": {"DEBUG", false}, " Info\n": {"INFO", false}, "INFO+2": {"INFO+2", false},
		"warning": {"WARN", false}, "error": {"ERROR", false}, "fatal": {"ERROR", false}, "error+4": {"ERROR+4", false},
		"verbose": {"INFO", true}, "-4": {"INFO", true}, "person 01017012345": {"INFO", true},
	} {
		t.Run(value, func(t *testing.T) {
			code, stdout, stderr := finish(t, command(t, "levels", "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "LOG_LEVEL", value))
			if code != 0 {
				t.Errorf("got code %d", code)
			}
			for line := range strings.Lines(stdout) {
				name, got, _ := strings.Cut(strings.TrimSpace(line), " ")
				want := map[string]string{"error": "ERROR", "variable": "INFO", "changed": "WARN"}[name]
				if want == "" {
					want = tt.want
				}
				if got != want {
					t.Errorf("%s: got the level %s, want %s", name, got, want)
				}
			}
			if n := strings.Count(stdout, "\n"); n != 7 {
				t.Errorf("got %d handlers, want 7", n)
			}
			lines := oteltest.ParseLines(t, stderr)
			if !tt.wrong {
				if len(lines) != 0 {
					t.Errorf("got %s, want no line", stderr)
				}
				return
			}
			if len(lines) != 1 || strings.Count(stderr, "LOG_LEVEL") != 1 || !strings.Contains(stderr, "want trace, debug, info") ||
				!strings.Contains(stderr, value) == !strings.Contains(value, "01017012345") {
				t.Errorf("got %s, want one line with the value and the cure", stderr)
			}
		})
	}
}

// TestLogLevelChanges changes the level while handlers that were made before write lines.
func TestLogLevelChanges(t *testing.T) {
	before := setup.LogLevel.Level()
	t.Cleanup(func() { setup.LogLevel.Set(before) })
	var log, own bytes.Buffer
	logger := slog.New(setup.LogHandler(&log, nil))
	child := logger.With("a", 1).WithGroup("g")
	fixed := slog.New(setup.LogHandler(&own, &slog.HandlerOptions{Level: slog.LevelInfo}))
	for _, level := range levels {
		setup.LogLevel.Set(level)
		for _, of := range levels {
			log.Reset()
			own.Reset()
			logger.Log(t.Context(), of, "m")
			child.Log(t.Context(), of, "m")
			fixed.Log(t.Context(), of, "m")
			want := 0
			if of >= level {
				want = 2
			}
			if got := bytes.Count(log.Bytes(), []byte("\n")); got != want {
				t.Errorf("level %v, record %v: got %d lines, want %d", level, of, got, want)
			}
			if (own.Len() > 0) != (of >= slog.LevelInfo) {
				t.Errorf("level %v, record %v: the handler with its own level wrote %q", level, of, own.String())
			}
		}
	}
}

func TestLogLevelIsSafeForConcurrentUse(t *testing.T) {
	before := setup.LogLevel.Level()
	t.Cleanup(func() { setup.LogLevel.Set(before) })
	logger := slog.New(setup.LogHandler(io.Discard, nil))
	var group sync.WaitGroup
	for _, level := range levels {
		group.Go(func() {
			for range 100 {
				setup.LogLevel.Set(level)
				logger.Info("m")
			}
		})
	}
	group.Wait()
}
