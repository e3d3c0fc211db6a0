package setup_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/setup"
)

// TestMain usually runs the tests. If the variable CHILD is set, TestMain runs the program with
// that name from the map programs. Tests start such child processes because they cannot test
// signals, panics and crashes in their own process.
func TestMain(m *testing.M) {
	if program, found := programs[os.Getenv("CHILD")]; found {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

// command returns the command that runs program in a child process. The argument pairs contains
// the names and values of environment variables for the child. The child gets no other OTEL_ or
// NAIS_ variables.
func command(t *testing.T, program string, pairs ...string) *exec.Cmd {
	t.Helper()
	if programs[program] == nil {
		t.Fatalf("no program %q", program)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "NAIS_") && !strings.HasPrefix(pair, "LOG_LEVEL=") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, "CHILD="+program)
	for i := 0; i+1 < len(pairs); i += 2 {
		cmd.Env = append(cmd.Env, pairs[i]+"="+pairs[i+1])
	}
	return cmd
}

// run does the same as the function main in the README.
func run(program func(context.Context) error, opts ...setup.Option) int {
	if err := setup.Run(context.Background(), program, opts...); err != nil {
		return 1
	}
	return 0
}

var programs = map[string]func() int{
	// The program "serve" works until its context ends. Then it needs 50 ms to finish.
	"serve": func() int {
		return run(func(ctx context.Context) error {
			fmt.Println("ready")
			for n := 0; ctx.Err() == nil && os.Getenv("CHILD_EXIT") != "at once"; n++ {
				endSpans(1)
				<-time.After(time.Millisecond)
			}
			_, span := otel.Tracer("test").Start(context.WithoutCancel(ctx), "draining")
			<-time.After(50 * time.Millisecond)
			span.End()
			return nil
		})
	},
	"panic": func() int {
		return run(func(ctx context.Context) error {
			_, span := otel.Tracer("test").Start(ctx, "work")
			defer span.End()
			return explode()
		})
	},
	"error": func() int {
		return run(func(context.Context) error { return errors.New("no database") })
	},
	"crash": func() int {
		return run(func(context.Context) error {
			go func() { _ = explode() }()
			select {}
		}, crashFile()...)
	},
	// The program "race" causes a fatal error of the Go runtime. A program cannot recover
	// from such an error.
	"race": func() int {
		return run(func(context.Context) error {
			m := map[int]int{}
			for range 8 {
				go func() {
					for {
						m[1]++
					}
				}()
			}
			select {}
		}, crashFile()...)
	},
	"quiet": func() int {
		return run(func(context.Context) error { return nil }, crashFile()...)
	},
	// The program "job" has a root span. It returns an error or panics.
	"job": func() int {
		return run(func(ctx context.Context) error {
			_, span := otel.Tracer("test").Start(ctx, "step")
			span.End()
			if os.Getenv("CHILD_EXIT") == "panic" {
				return explode()
			}
			return errors.New("half done")
		}, setup.WithRootSpan("nightly"))
	},
	"stubborn": func() int {
		return run(func(context.Context) error {
			fmt.Println("ready")
			select {}
		})
	},
	// The program "logger" sets a default logger that writes to standard output.
	"logger": func() int {
		slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
		return run(func(context.Context) error { return explode() })
	},
}

func crashFile() []setup.Option {
	if file := os.Getenv("CHILD_CRASH_FILE"); file != "" {
		return []setup.Option{setup.WithCrashFile(file)}
	}
	return nil
}

func explode() error { panic("boom") }
