package compare

import (
	"fmt"
	"strconv"
	"time"
)

// A Budget contains limits for operations. [ParseBudget] makes one. The zero value has no limits.
type Budget struct{ limits []limit }

// A limit belongs to one operation.
type limit struct {
	operation, name, value string
	exceeds                func(*Figures) bool
	requests               bool // it applies to operations that are requests
}

// limitNames are the names of all limits.
const limitNames = "median, p95, queries or errors"

// newLimit returns a limit of operation. The argument text reports whether the value is a JSON
// string and not a number.
func newLimit(operation, name, value string, text bool) (limit, error) {
	l := limit{operation: operation, name: name, value: value}
	switch name {
	case "median", "p95":
		longest, err := time.ParseDuration(value)
		if err != nil || longest <= 0 {
			return l, fmt.Errorf("%q is not a duration (want a text such as \"50ms\")", value)
		}
		l.exceeds = func(f *Figures) bool { return f.P95 > longest }
		if name == "median" {
			l.exceeds = func(f *Figures) bool { return f.Median > longest }
		}
	case "queries", "errors":
		most, err := strconv.Atoi(value)
		if err != nil || most < 0 || text {
			return l, fmt.Errorf("%q is not a number (want a whole number such as 0, without quotes)", value)
		}
		l.exceeds = func(f *Figures) bool { return f.Failed > most }
		if name == "queries" {
			l.exceeds = func(f *Figures) bool { return f.MostQueries > most }
			l.requests = true
		}
	default:
		return l, fmt.Errorf("unknown limit (want %s)", limitNames)
	}
	return l, nil
}

// Check returns one change per limit that an operation of the recording exceeds. The limits apply
// to each operation with the name, whatever its service and kind are. If the recording has no
// operation with the name, or no request for a limit of queries, Check returns one change without
// figures.
func (b *Budget) Check(p *Profile) []Change {
	var changes []Change
	operations := p.operations()
	for _, l := range b.limits {
		found := false
		for o, f := range operations {
			if o.Name != l.operation || l.requests && f.requests == 0 {
				continue
			}
			found = true
			if now := f.public(); l.exceeds(now) {
				changes = append(changes, Change{Type: Over, Worse: true, Operation: o, Limit: l.name + " " + l.value, After: now})
			}
		}
		if !found {
			changes = append(changes, Change{Type: Over, Worse: true, Operation: Operation{Name: l.operation}, Limit: l.name + " " + l.value})
		}
	}
	sortChanges(changes)
	return changes
}
