package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A difference is a test whose outcome is not the same without and with spor.
type difference struct {
	test          string
	without, with outcome
}

// spansTest is the name under which a difference between started and ended spans stands.
// The number of spans that did not end follows, so that a line allows no further ones.
const spansTest = "(spans)"

// compare returns the differences between two runs. A test that differs only because one of
// its subtests differs is left out.
func (s *suite) compare(without, with *result) []difference {
	var found []difference
	for _, name := range union(without.tests, with.tests) {
		a, b := without.tests[name], with.tests[name]
		if a == b || (s.top(name) != name && (a == "" || b == "")) {
			continue
		}
		found = append(found, difference{name, a, b})
	}
	return slices.DeleteFunc(found, func(d difference) bool {
		return slices.ContainsFunc(found, func(other difference) bool { return strings.HasPrefix(other.test, d.test+"/") })
	})
}

func union(a, b map[string]outcome) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// accounts returns a difference if spans were lost, or if no span was started although the
// suite has spans.
func (s *suite) accounts(with *result) []difference {
	switch {
	case with.started < 0:
		return []difference{{spansTest, "", unfinished}}
	case with.started == 0 && !s.noSpans:
		return []difference{{spansTest, "", "none"}}
	case with.started != with.ended:
		return []difference{{spansTest + strconv.Itoa(with.started-with.ended), "", "lost"}}
	}
	return nil
}

// repeats is how often a test that differs is run again, in both ways.
const repeats = 3

// steady repeats the tests that differ, alone and with spor and without it, and returns those
// that still differ. The other ones are returned as unsteady.
func (b *binary) steady(ctx context.Context, variant string, margin int, found []difference) (steady, unsteady []difference, err error) {
	type runs struct{ without, with []*result }
	repeated := map[string]runs{}
	for _, d := range found {
		top := b.suite.top(d.test)
		r, done := repeated[top]
		if !done {
			var first, second error
			r.without, first = b.repeat(ctx, "", top)
			r.with, second = b.repeat(ctx, variant, top)
			if err := errors.Join(first, second); err != nil {
				return nil, nil, err
			}
			repeated[top] = r
		}
		if differ(outcomes(r.without, d.test), outcomes(r.with, d.test), margin) {
			steady = append(steady, d)
		} else {
			unsteady = append(unsteady, d)
		}
	}
	return steady, unsteady, nil
}

// outcomes returns the outcomes of one test, in order.
func outcomes(runs []*result, test string) []outcome {
	var all []outcome
	for _, r := range runs {
		all = append(all, r.tests[test])
	}
	slices.Sort(all)
	return all
}

// differ reports whether a test differs when it is repeated. A test that fails more often with
// spor differs, if it fails at least margin times more. A test that fails more often without
// spor differs only if it always fails without spor, and never with it.
func differ(without, with []outcome, margin int) bool {
	a, b := passes(without), passes(with)
	switch {
	case a == b:
		return !slices.Equal(without, with)
	case a > b:
		return a-b >= margin
	}
	return a == 0 && b == repeats
}

func passes(all []outcome) (n int) {
	for _, o := range all {
		if o == passed {
			n++
		}
	}
	return n
}

// repeat runs a top-level test several times alone.
func (b *binary) repeat(ctx context.Context, variant, top string) ([]*result, error) {
	var runs []*result
	for range repeats {
		r, err := b.start(ctx, variant, []string{"-test.run", pattern(top)})
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}
