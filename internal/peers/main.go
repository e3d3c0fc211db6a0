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
	jobs := c.jobs(ctx)
	if len(jobs) == 0 {
		return fmt.Errorf("no suite has the name %s; the names are %s", o.suites, strings.Join(names(), ", "))
	}
	problems := []error{runAll(jobs)}
	printTable(os.Stdout, c.sorted())
	printCorpora(os.Stdout, c.corpora)
	problems = append(problems, c.unneeded())
	if o.page != "" && o.suites == "" && !o.quick && o.run == "" {
		problems = append(problems, c.writePage(o.page))
	}
	return errors.Join(problems...)
}

// names returns the names of all suites.
func names() []string {
	all := []string{corporaName}
	for _, s := range suites {
		all = append(all, s.name)
	}
	return all
}

// jobs returns the jobs for the suites that the options select.
func (c *contest) jobs(ctx context.Context) []job {
	var chosen []job
	o := c.options
	if o.wants(corporaName) && !o.quick && o.run == "" {
		chosen = append(chosen, job{"", func() error { return c.playCorpora(ctx) }})
	}
	for _, s := range suites {
		if o.wants(s.name) && (!o.quick || s.quick != "") {
			chosen = append(chosen, job{s.service, func() error { return c.play(ctx, s) }})
		}
	}
	return chosen
}
