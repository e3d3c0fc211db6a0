package main

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// A suite is the test suite of a peer, or a part of it.
type suite struct {
	// name is what SUITE selects.
	name string
	// module and version select the source. If module is empty, the source is GOROOT.
	module, version string
	// packages are the folders of the tests, relative to the source's root.
	packages []string
	// overlays are the folders below testdata/overlays whose files are added, by the folder that
	// they are copied to. The name of a package may follow after a colon. It takes the place of
	// the package name "peer" in the files.
	overlays map[string]string
	// edits put the hooks into the copy.
	edits []edit
	// variants are the ways in which spor is put in.
	variants []string
	// service is the environment variable that a suite needs. The variable is set by
	// `make services`.
	service string
	// env returns further variables of the test's environment. It is called before each start
	// of a test binary, with a folder for files. It may be nil.
	env func(ctx context.Context, dir string) ([]string, error)
	// group is a top-level test that only holds other tests together. Its subtests count as
	// top-level tests.
	group string
	// args are arguments of the test binary.
	args []string
	// noSpans expects no span, because the suite tests no code that starts spans.
	noSpans bool
	// noRace builds without the race detector.
	noRace bool
	// skip lists the tests that are skipped in both runs, with the reason.
	skip map[string]string
	// least is the smallest number of tests in each run. Only top-level tests count, unless
	// subtests is set.
	least    int
	subtests bool
	// quick selects the tests of the quick run: a regular expression for -test.run. If it is
	// empty, the suite is no part of the quick run.
	quick string
	// quickVariants are the variants of the quick run, and quickPackages its packages. If one of
	// them is empty, all are run.
	quickVariants, quickPackages []string
	// stall is the time without a result after which a run is ended. The default is two
	// minutes.
	stall time.Duration
}

// counted returns the number of tests that is compared with least.
func (s *suite) counted(t tally) int {
	if s.subtests {
		return t.ran() + t.subtests
	}
	return t.ran()
}

// fromGo reports whether the source is GOROOT.
func (s *suite) fromGo() bool { return s.module == "" }

func (s *suite) patience() time.Duration {
	if s.stall > 0 {
		return s.stall
	}
	return 2 * time.Minute
}

// top returns the test that runs alone if only test is wanted: the top-level test that test is
// a part of, or the subtest of the group.
func (s *suite) top(test string) string {
	first, rest, isSub := strings.Cut(test, "/")
	if !isSub || first != s.group {
		return first
	}
	second, _, _ := strings.Cut(rest, "/")
	return first + "/" + second
}

// counts reports whether test is a top-level test, and not the group.
func (s *suite) counts(test string) bool { return test != s.group && s.top(test) == test }

// pattern returns the regular expression for -test.run and -test.skip that selects only test.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
