package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/viewer"
)

func (c *cli) view() *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "view [flags] [FILE | NUMBER]...",
		Short: "List the runs, or show a run or a recording in the browser",
		Long: `Show recordings in the browser. A FILE is a recording that spor run --record has
written, a trace that was saved with Share in the viewer, or a file of OTLP/JSON
lines from an OpenTelemetry Collector. A NUMBER is one of the newest runs of
spor run: 1 is the newest. Without an argument, spor view lists these runs.
spor prints the link and serves the pages until you press Ctrl-C.`,
		Example: `  spor view
  spor view 1
  spor view spor.jsonl`,
		Annotations: map[string]string{exitCodesPart: `  0    spor was ended with Ctrl-C or SIGTERM, or has listed the runs
  2    the flags are wrong
  125  spor failed`},
		Run: func(_ *cobra.Command, files []string) { c.code = c.serve(files, addr) },
	}
	cmd.Flags().StringVar(&addr, "ui", "", "listen on the loopback address `ADDR` (default "+viewer.DefaultAddr+", or a free port if that port is in use)")
	return cmd
}

// The method serve serves the files until the user ends spor. Without files, it lists the runs. It returns the exit code.
func (c *cli) serve(files []string, addr string) int {
	if len(files) == 0 {
		if err := printRuns(c.out); err != nil {
			complain(c.err, "spor view: %v", err)
			return process.ExitFailed
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serveFiles(ctx, files, addr, c.err); err != nil {
		complain(c.err, "spor view: %v", err)
		return process.ExitFailed
	}
	return 0
}

// serveFiles serves the telemetry in files until ctx ends. If it cannot read a part of a file,
// it serves the telemetry before that part.
func serveFiles(ctx context.Context, files []string, addr string, log io.Writer) error {
	store := viewer.NewStore(viewer.Options{})
	for i, name := range files {
		name, err := recordingFile(name)
		if err != nil {
			return err
		}
		files[i] = name
		loaded, err := loadFile(store, name)
		if err != nil && loaded.Requests == 0 {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err != nil {
			complain(log, "spor: %s: %v (the part before the error is shown)", name, err)
		}
	}
	server, err := viewer.Listen(store, viewer.Config{Addr: addr, Title: filepath.Base(files[0]), Runs: viewerRuns})
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
