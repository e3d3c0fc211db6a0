package compare

import (
	"cmp"
	"slices"
	"time"
)

// These are the limits of the usual difference between two runs of the same program. They come
// from recordings of examples/quotes on a machine with two cores, made while the machine was idle,
// busy, and overloaded. In all 552 pairs of these recordings, Compare finds nothing. Half of the
// limit minSlower would be enough for them.
const (
	minSpans   = 5
	minFactor  = 1.5
	minSlower  = 5 * time.Millisecond
	minQueries = 0.5
	minFailed  = 2
)

// A Type is the type of a [Change].
type Type string

// These are the types of changes.
const (
	New     Type = "new"     // the operation is only in the second recording
	Gone    Type = "gone"    // the operation is only in the first recording
	Slower  Type = "slower"  // the durations grew
	Queries Type = "queries" // a request sends a statement more often to the database
	Errors  Type = "errors"  // more spans fail
	Over    Type = "budget"  // the operation exceeds a limit of a [Budget], or is not in the recording
)

// types are all types, in the order in which changes are sorted.
var types = []Type{Over, Queries, Errors, Slower, New, Gone}

// A Change is a difference between two recordings, or a limit that is exceeded.
type Change struct {
	Type  Type `json:"type"`
	Worse bool `json:"worse"` // false if the Type is New or Gone
	Operation
	Statement string   `json:"statement,omitempty"` // the summary or the span name of the statement, if the Type is Queries
	Text      string   `json:"text,omitempty"`      // the text of Statement that grew most, without personal numbers and credentials
	Limit     string   `json:"limit,omitempty"`     // the limit, if the Type is Over
	Before    *Figures `json:"before,omitempty"`    // nil if the operation is not in the first recording
	After     *Figures `json:"after,omitempty"`     // nil if the operation is not in the second recording
}

// Compare returns the differences between two recordings, sorted by type. Two runs of the same
// program differ a little. Compare reports a growth only if it is larger than usual:
//
//   - Slower: both recordings have at least 5 spans of the operation. The 10th percentile, the
//     median and the 95th percentile are all more than 1.5 times as long as before, and more than
//     5 ms longer. The 10th percentile counts because a busy machine makes the median and the 95th
//     percentile longer, but some spans stay fast.
//   - Queries: the mean per request is more than 1.5 times the mean before, and at least 0.5 larger.
//     If no request made the statement before, the mean is more than 1. One new query per request is
//     not a loop.
//   - Errors: the share of failed spans is more than 1.5 times the share before, and at least 2 more
//     spans failed than with the share before. Or all spans failed, and none failed before.
func Compare(before, after *Profile) []Change {
	first, second := before.operations(), after.operations()
	var changes []Change
	for o, now := range second {
		if was := first[o]; was != nil {
			changes = append(changes, compare(o, was, now)...)
		} else {
			changes = append(changes, Change{Type: New, Operation: o, After: now.public()})
		}
	}
	for o, was := range first {
		if second[o] == nil {
			changes = append(changes, Change{Type: Gone, Operation: o, Before: was.public()})
		}
	}
	sortChanges(changes)
	return changes
}

func compare(o Operation, was, now *figures) []Change {
	var changes []Change
	a, b := was.public(), now.public()
	if slower(a, b) {
		changes = append(changes, Change{Type: Slower, Worse: true, Operation: o, Before: a, After: b})
	}
	if moreErrors(a, b) {
		changes = append(changes, Change{Type: Errors, Worse: true, Operation: o, Before: a, After: b})
	}
	for name := range now.statements {
		if a, b := was.of(name), now.of(name); moreQueries(a, b) {
			changes = append(changes, Change{Type: Queries, Worse: true, Operation: o, Statement: name, Text: grown(was, now, name), Before: a, After: b})
		}
	}
	return changes
}

func slower(before, after *Figures) bool {
	longer := func(a, b time.Duration) bool { return b-a > minSlower && float64(b) > minFactor*float64(a) }
	return min(before.Spans, after.Spans) >= minSpans &&
		longer(before.P10, after.P10) && longer(before.Median, after.Median) && longer(before.P95, after.P95)
}

func moreQueries(before, after *Figures) bool {
	a, b := before.QueriesPerRequest(), after.QueriesPerRequest()
	if before.Queries == 0 {
		return before.Requests > 0 && b > 1
	}
	return b-a >= minQueries && b > minFactor*a
}

func moreErrors(before, after *Figures) bool {
	if before.Failed == 0 && after.Failed == after.Spans {
		return true
	}
	expected := share(before.Failed, before.Spans) * float64(after.Spans)
	return float64(after.Failed) >= expected+minFailed && float64(after.Failed) > minFactor*expected
}

// Worse reports whether one of the changes is worse.
func Worse(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Worse })
}

func sortChanges(changes []Change) {
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(
			slices.Index(types, a.Type)-slices.Index(types, b.Type), a.order(b.Operation),
			cmp.Compare(a.Statement, b.Statement), cmp.Compare(a.Limit, b.Limit))
	})
}
