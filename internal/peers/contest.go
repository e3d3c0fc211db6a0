package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nais/spor/internal/peers/corpus"
)

// A contest runs suites and keeps their rows.
type contest struct {
	layout  *layout
	options *options
	known   []*known
	rows    []*row
	corpora []corpus.Result
	// mu guards the fields of this struct, because suites run side by side.
	mu sync.Mutex
	// played are the suites with their variants that were run in full.
	played []string
}

// play runs the packages of a suite without spor and with each variant.
func (c *contest) play(ctx context.Context, s *suite) error {
	if s.service != "" && os.Getenv(s.service) == "" {
		return fmt.Errorf("%s: the variable %s is not set; run `make services-install services`", s.name, s.service)
	}
	began := time.Now()
	src, err := prepare(ctx, c.layout, s)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(os.Stderr, "%s %s: prepared in %s\n", s.name, src.version, time.Since(began).Round(time.Second))
	var problems []error
	for _, pkg := range c.packages(s) {
		problems = append(problems, c.playPackage(ctx, s, src, pkg))
	}
	problems = append(problems, c.enough(s))
	return errors.Join(problems...)
}

func (c *contest) playPackage(ctx context.Context, s *suite, src *source, pkg string) error {
	began := time.Now()
	b, err := build(ctx, c.layout, s, src, pkg)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(os.Stderr, "%s: %s built in %s\n", s.name, pkg, time.Since(began).Round(time.Second))
	without, err := b.run(ctx, "", c.args(s)...)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %s without spor: %s in %s\n", s.name, pkg, s.count(without), without.took.Round(time.Second))
	var problems []error
	for _, variant := range c.variants(s) {
		with, err := b.run(ctx, variant, c.args(s)...)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %s with %s: %s in %s\n", s.name, pkg, variant, s.count(with), with.took.Round(time.Second))
		r := &row{suite: s.name, version: src.version, pkg: pkg, variant: variant, without: s.count(without), with: s.count(with), spans: with.started, took: with.took}
		problems = append(problems, c.judge(ctx, b, r, without, with))
		c.mu.Lock()
		c.rows = append(c.rows, r)
		c.mu.Unlock()
	}
	return errors.Join(problems...)
}

// judge compares two runs, and looks for the reason of each difference.
func (c *contest) judge(ctx context.Context, b *binary, r *row, without, with *result) error {
	label := r.suite + ":" + r.variant
	c.playing(label)
	var open []difference
	r.reasons = map[string]string{}
	for _, d := range b.suite.compare(without, with) {
		if !c.expects(label, r, d) {
			open = append(open, d)
		}
	}
	steady, unsteady, err := b.steady(ctx, r.variant, c.margin(), open)
	if err != nil {
		return err
	}
	r.wrong, r.unsteady = steady, unsteady
	for _, d := range b.suite.accounts(with) {
		if !c.expects(label, r, d) {
			r.wrong = append(r.wrong, d)
		}
	}
	var problems []error
	for _, d := range r.wrong {
		if strings.HasPrefix(d.test, spansTest) {
			problems = append(problems, fmt.Errorf("%s %s: %s: %d spans were started and %d ended", label, r.pkg, d.with, with.started, with.ended))
			continue
		}
		problems = append(problems, fmt.Errorf("%s %s: %s: %s without spor, %s with it", label, r.pkg, d.test, orNone(d.without), orNone(d.with)))
	}
	return errors.Join(problems...)
}

// expects reports whether a difference has a line. If so, it adds the difference and its
// reason to r.
func (c *contest) expects(label string, r *row, d difference) bool {
	k := c.explain(label, d.test)
	if k == nil {
		return false
	}
	r.expected = append(r.expected, d)
	r.reasons[d.test] = k.reason
	return true
}

func orNone(o outcome) outcome {
	if o == "" {
		return "no result"
	}
	return o
}

// enough checks that the suite has as many tests as it must have.
func (c *contest) enough(s *suite) error {
	if c.options.quick || c.options.run != "" {
		return nil
	}
	without, with := map[string]int{}, map[string]int{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.rows {
		if r.suite == s.name {
			without[r.variant] += s.counted(r.without)
			with[r.variant] += s.counted(r.with)
		}
	}
	var problems []error
	for _, variant := range s.variants {
		if n := min(without[variant], with[variant]); n < s.least {
			problems = append(problems, fmt.Errorf("%s:%s: %d tests ran, want at least %d", s.name, variant, n, s.least))
		}
	}
	return errors.Join(problems...)
}

// args are the arguments for the selection of tests.
func (c *contest) args(s *suite) []string {
	switch {
	case c.options.run != "":
		return []string{"-test.run", c.options.run}
	case c.options.quick:
		return []string{"-test.run", s.quick}
	}
	return nil
}

func (c *contest) variants(s *suite) []string {
	if c.options.quick && len(s.quickVariants) > 0 {
		return s.quickVariants
	}
	return s.variants
}

func (c *contest) packages(s *suite) []string {
	if c.options.quick && len(s.quickPackages) > 0 {
		return s.quickPackages
	}
	return s.packages
}

// margin is how many times more a test must fail with spor when it is repeated. The quick run
// is part of CI, where a test that depends on the time may fail once.
func (c *contest) margin() int {
	if c.options.quick {
		return 2
	}
	return 1
}

// playing notes that a variant of a suite runs.
func (c *contest) playing(label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.played, label) {
		c.played = append(c.played, label)
	}
}

// explain looks for the line of a difference.
func (c *contest) explain(label, test string) *known {
	c.mu.Lock()
	defer c.mu.Unlock()
	return explain(c.known, label, test)
}

// sorted returns the rows in the order of the suites.
func (c *contest) sorted() []*row {
	place := func(r *row) int {
		return slices.IndexFunc(suites, func(s *suite) bool { return s.name == r.suite })
	}
	return slices.SortedStableFunc(slices.Values(c.rows), func(a, b *row) int { return place(a) - place(b) })
}

// unneeded returns an error for each line of differences.txt whose difference was not seen,
// although the suite was run in full. Lines of tests that differ only sometimes are left out.
func (c *contest) unneeded() error {
	if c.options.quick || c.options.run != "" {
		return nil
	}
	var problems []error
	for _, k := range c.known {
		if !k.found && !k.sometimes && slices.ContainsFunc(c.played, k.isFor) {
			problems = append(problems, fmt.Errorf("differences.txt:%d: %s of %s does not differ any more; remove the line", k.line, k.test, k.suite))
		}
	}
	return errors.Join(problems...)
}
