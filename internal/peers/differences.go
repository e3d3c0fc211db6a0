package main

import (
	"fmt"
	"os"
	"path"
	"strings"
)

// A known is a line of differences.txt: a difference and its reason.
type known struct {
	// suite is the name of the suite and the variant, separated by a colon. It and test may
	// be patterns of path.Match.
	suite, test, reason string
	// sometimes is set if the test does not differ in every run.
	sometimes bool
	// line is the number of the line, and found whether the difference was seen.
	line  int
	found bool
}

// readKnown reads differences.txt. Each line has the suite with its variant, the test, and
// the reason. They are separated by blanks. A question mark after the test means that it
// differs only sometimes. Empty lines and lines that begin with # are comments.
func readKnown(file string) ([]*known, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []*known
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s:%d: want suite:variant, test, and reason", file, i+1)
		}
		_, rest, _ := strings.Cut(line, fields[0])
		_, rest, _ = strings.Cut(rest, fields[1])
		test, sometimes := strings.CutSuffix(fields[1], "?")
		all = append(all, &known{suite: fields[0], test: test, sometimes: sometimes, reason: strings.TrimSpace(rest), line: i + 1})
	}
	return all, nil
}

// isFor reports whether the line is about a variant of a suite.
func (k *known) isFor(suite string) bool {
	matches, _ := path.Match(strings.ReplaceAll(k.suite, "/", "|"), strings.ReplaceAll(suite, "/", "|"))
	return matches
}

// explain looks for the line of a difference.
func explain(all []*known, suite, test string) *known {
	for _, k := range all {
		matches, _ := path.Match(k.test, test)
		if k.isFor(suite) && (matches || k.test == test) {
			k.found = true
			return k
		}
	}
	return nil
}
