package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/viewer"
)

func viewUsage(w io.Writer) {
	fmt.Fprint(w, `Usage: spor view [FLAGS] FILE...

Show recordings in the browser. A FILE is a recording that spor run --record has
written, a trace that was saved with Share in the viewer, or a file of OTLP/JSON
lines from an OpenTelemetry Collector. spor prints the link and serves the
pages until you press Ctrl-C.

Flags:

  --ui ADDR   the loopback address to listen on (default: `+viewer.DefaultAddr+`, or
              a free port if that port is in use)

Exit codes:

  0    spor was ended with Ctrl-C or SIGTERM
  2    the flags are wrong
  125  spor failed
`)
}

func view(args []string, std stdio) int {
	var addr string
	flags := flag.NewFlagSet("view", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&addr, "ui", "", "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		viewUsage(std.out)
		return 0
	}
	if err == nil && flags.NArg() == 0 {
		err = errors.New("no file (want: spor view FILE)")
	}
	if err != nil {
		complain(std.err, "spor view: %v", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serveFiles(ctx, flags.Args(), addr, std.err); err != nil {
		complain(std.err, "spor: %v", err)
		return process.ExitFailed
	}
	return 0
}

// serveFiles serves the telemetry in files until ctx ends. If it cannot read a part of a file,
// it serves the telemetry before that part.
func serveFiles(ctx context.Context, files []string, addr string, log io.Writer) error {
	store := viewer.NewStore(viewer.Options{})
	for _, name := range files {
		loaded, err := loadFile(store, name)
		if err != nil && loaded.Requests == 0 {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err != nil {
			complain(log, "spor: %s: %v (the part before the error is shown)", name, err)
		}
	}
	server, err := viewer.Listen(store, viewer.Config{Addr: addr, Title: filepath.Base(files[0])})
	if err != nil {
		return err
	}
	defer server.Close()
	complain(log, "spor: %s (Ctrl-C ends it)", server.URL())
	<-ctx.Done()
	return nil
}

func loadFile(store *viewer.Store, name string) (viewer.Loaded, error) {
	file, err := os.Open(name)
	if err != nil {
		return viewer.Loaded{}, err
	}
	defer func() { _ = file.Close() }()
	return store.Load(file)
}
