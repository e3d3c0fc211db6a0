package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/compare"
)

// exitWorse is the exit code if something got worse, or if a recording contains no spans.
const exitWorse = 1

type diffOptions struct {
	format format
	budget string // "" means no budget
}

func (c *cli) diff() *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff [flags] A B | --budget FILE [flags] A",
		Short: "Find out what got worse between two recordings",
		Long: `Find out what got worse between two recordings of a service. A and B are files
that spor run --record or spor listen --record has written, or numbers of runs
that spor view lists: 1 is the newest. spor diff compares
the operations of each service. An operation is all spans with the same name and
kind. For a call to a database, the name is the summary of the statement.

  - queries: a request makes more database queries of one kind than in A, for
    example one query per row instead of one query for all rows.
  - errors: more spans of the operation fail than in A.
  - slower: the operation takes longer than in A.
  - budget: the operation exceeds a limit of the budget, or does not occur.
  - new, gone: the operation occurs only in B, or only in A. This is not worse.

A growth counts only if it is larger than the usual difference between two runs
of the same program: a time must be more than 1.5 times as long and more than
5 ms longer, in at least 5 spans of each recording.

A budget is a JSON file with limits per operation:

  {"GET /quotes/{id}": {"p95": "50ms", "queries": 3, "errors": 0}}

The limits are median and p95 (durations), queries (the largest number of
database queries of one request) and errors (the number of spans that fail).`,
		Example: `  spor diff before.jsonl after.jsonl
  spor diff 2 1
  spor diff --budget budget.json after.jsonl
  spor diff --format json before.jsonl after.jsonl`,
		Annotations: map[string]string{
			environmentPart: "  If NO_COLOR is set, or if TERM is dumb, spor prints no colours.",
			exitCodesPart: `  0    nothing got worse, and the budget is met
  1    something got worse, the budget is exceeded, or a recording has no spans
  2    the flags are wrong
  125  spor failed`,
		},
		RunE: func(_ *cobra.Command, files []string) error {
			if err := o.check(files); err != nil {
				return err
			}
			c.code = c.compare(o, files)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.Var(&o.format, "format", "print the result as `FORMAT`: text or json (default text)")
	flags.StringVar(&o.budget, "budget", "", "compare the last recording with the limits in `FILE`")
	completeFormat(cmd)
	return cmd
}

func (o diffOptions) check(files []string) error {
	switch {
	case len(files) == 2, len(files) == 1 && o.budget != "":
		return nil
	case len(files) == 1:
		return fmt.Errorf("only one recording (want: spor diff %s B, or spor diff --budget FILE %[1]s)", files[0])
	case len(files) == 0:
		return errors.New("no recordings (want: spor diff A B; spor run --record A writes one)")
	default:
		return fmt.Errorf("%d recordings (want: spor diff A B)", len(files))
	}
}

// The method compare compares the recordings and prints the result. It returns the exit code.
func (c *cli) compare(o diffOptions, files []string) int {
	changes, err := o.changes(files)
	if err == nil {
		err = printChanges(o.format, changes, c.out)
	}
	switch {
	case errors.Is(err, errNoSpans):
		complain(c.err, "spor diff: %v", err)
		return exitWorse
	case err != nil:
		complain(c.err, "spor diff: %v", err)
		return process.ExitFailed
	case compare.Worse(changes):
		return exitWorse
	}
	return 0
}

var errNoSpans = errors.New("no spans (does the program start telemetry?)")

// The method changes compares the last recording with the budget, and the first recording with the
// last.
func (o diffOptions) changes(files []string) ([]compare.Change, error) {
	budget, err := o.limits()
	if err != nil {
		return nil, err
	}
	profiles := make([]*compare.Profile, len(files))
	for i, name := range files {
		profiles[i] = &compare.Profile{}
		if err := readFile(name, profiles[i].Add); err != nil {
			return nil, err
		}
		if profiles[i].Empty() {
			return nil, fmt.Errorf("%s: %w", name, errNoSpans)
		}
	}
	last := profiles[len(profiles)-1]
	changes := budget.Check(last)
	if len(profiles) == 2 {
		changes = append(changes, compare.Compare(profiles[0], last)...)
	}
	return changes, nil
}

func (o diffOptions) limits() (*compare.Budget, error) {
	if o.budget == "" {
		return &compare.Budget{}, nil
	}
	text, err := os.ReadFile(o.budget)
	if err != nil {
		return nil, err
	}
	budget, err := compare.ParseBudget(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.budget, err)
	}
	return budget, nil
}
