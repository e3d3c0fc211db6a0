package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	var o options
	flag.StringVar(&o.suites, "suite", "", "the suites to run, separated by commas (default all)")
	flag.BoolVar(&o.quick, "quick", false, "run the quick selection")
	flag.StringVar(&o.run, "run", "", "a regular expression for the tests to run (differences.txt is then not compared)")
	flag.StringVar(&o.page, "page", "", "the page to write, if all suites run in full")
	repository := flag.String("repository", "../..", "the root of the repository")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o, *repository); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		stop()
		os.Exit(1)
	}
}

// options are the flags of the command.
type options struct {
	suites string
	quick  bool
	run    string
	page   string
}

// wants reports whether the options select a suite.
func (o *options) wants(suite string) bool {
	return o.suites == "" || slices.Contains(strings.Split(o.suites, ","), suite)
}

func run(ctx context.Context, o *options, repository string) error {
	root, err := filepath.Abs(repository)
	if err != nil {
		return err
	}
	l := &layout{repository: root, work: filepath.Join(root, ".tmp/peers")}
	if err := os.RemoveAll(filepath.Join(l.work, "out")); err != nil {
		return err
	}
	for _, dir := range []string{"src", "bin", "out"} {
		if err := os.MkdirAll(filepath.Join(l.work, dir), 0o755); err != nil {
			return err
		}
	}
	if _, err := command(ctx, root, nil, "go", "build", "-o", filepath.Join(l.work, "bin", "test2json"), "cmd/test2json"); err != nil {
		return err
	}
	lines, err := readKnown(filepath.Join(root, "internal/peers/differences.txt"))
	if err != nil {
		return err
	}
	c := &contest{layout: l, options: o, known: lines}
	var problems []error
	for _, s := range selected(o) {
		problems = append(problems, c.play(ctx, s))
	}
	if o.wants(corporaName) && !o.quick && o.run == "" {
		problems = append(problems, c.playCorpora(ctx))
	}
	printTable(os.Stdout, c.rows)
	printCorpora(os.Stdout, c.corpora)
	problems = append(problems, c.unneeded())
	if o.page != "" && o.suites == "" && !o.quick && o.run == "" {
		problems = append(problems, c.writePage(o.page))
	}
	return errors.Join(problems...)
}

// selected returns the suites that the options name.
func selected(o *options) []*suite {
	var chosen []*suite
	for _, s := range suites {
		if o.wants(s.name) && (!o.quick || s.quick != "") {
			chosen = append(chosen, s)
		}
	}
	return chosen
}
