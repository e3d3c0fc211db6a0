package main

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// A difference is a test whose outcome is not the same without and with spor.
type difference struct {
	test          string
	without, with outcome
}

// spansTest is the name under which a difference between started and ended spans stands.
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
		return []difference{{spansTest, "", "lost"}}
	}
	return nil
}

// repeats is how often a test that differs is run again, in both ways.
const repeats = 3

// steady repeats the tests that differ, alone and with spor and without it, and returns those
// that still differ. The other ones are returned as unsteady.
func (b *binary) steady(ctx context.Context, variant string, found []difference) (steady, unsteady []difference, err error) {
	for _, d := range found {
		without, err := b.repeat(ctx, "", d.test)
		if err != nil {
			return nil, nil, err
		}
		with, err := b.repeat(ctx, variant, d.test)
		if err != nil {
			return nil, nil, err
		}
		if slices.Equal(without, with) {
			unsteady = append(unsteady, d)
		} else {
			steady = append(steady, d)
		}
	}
	return steady, unsteady, nil
}

// repeat returns the different outcomes of a test that runs several times alone.
func (b *binary) repeat(ctx context.Context, variant, test string) ([]outcome, error) {
	var seen []outcome
	for range repeats {
		r, err := b.start(ctx, variant, []string{"-test.run", pattern(b.suite.top(test))})
		if err != nil {
			return nil, err
		}
		seen = append(seen, r.tests[test])
	}
	slices.Sort(seen)
	return slices.Compact(seen), nil
}
