package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nais/spor/internal/compare"
)

func printChanges(format format, changes []compare.Change, out *os.File) error {
	if format == jsonFormat {
		return printJSON(out, struct {
			Worse   bool             `json:"worse"`
			Changes []compare.Change `json:"changes"`
		}{compare.Worse(changes), append([]compare.Change{}, changes...)})
	}
	t := newTable(out)
	counts := map[bool]int{}
	for _, c := range changes {
		t.change(c)
		counts[c.Worse]++
	}
	if len(changes) > 0 {
		t.line("")
	}
	t.line(fmt.Sprintf("%d worse, %d new or gone", counts[true], counts[false]))
	return t.err
}

// The method change writes two or more lines: the type and the operation, then the figures.
func (t *table) change(c compare.Change) {
	color := faint
	if c.Worse {
		color = red
	}
	operation := c.Name
	if c.Service != "" {
		operation = fmt.Sprintf("%s: %s (%s)", c.Service, c.Name, c.Kind)
	}
	t.row(color, string(c.Type), operation, "")
	for _, text := range detailsOf(c) {
		t.indented("", text)
	}
}

func detailsOf(c compare.Change) []string {
	a, b := c.Before, c.After
	switch c.Type {
	case compare.Slower:
		return []string{fmt.Sprintf("median %s -> %s, p95 %s -> %s (%s -> %s)",
			short(a.Median), short(b.Median), short(a.P95), short(b.P95), count(a.Spans, "span"), count(b.Spans, "span"))}
	case compare.Errors:
		return []string{fmt.Sprintf("%d of %s failed -> %d of %s failed", a.Failed, count(a.Spans, "span"), b.Failed, count(b.Spans, "span"))}
	case compare.Queries:
		details := []string{fmt.Sprintf("%s: %.3g -> %.3g per request (%s in %s -> %s in %s)", c.Statement, a.QueriesPerRequest(), b.QueriesPerRequest(),
			count(a.Queries, "statement"), count(a.Requests, "request"), count(b.Queries, "statement"), count(b.Requests, "request"))}
		if c.Text != "" && c.Text != c.Statement {
			details = append(details, c.Text)
		}
		return details
	case compare.Over:
		return []string{"limit " + c.Limit + ": " + against(c.Limit, b)}
	case compare.New:
		return []string{figuresOf(b)}
	default:
		return []string{figuresOf(a)}
	}
}

func figuresOf(f *compare.Figures) string {
	text := fmt.Sprintf("%s, median %s, p95 %s", count(f.Spans, "span"), short(f.Median), short(f.P95))
	if f.Failed > 0 {
		text += fmt.Sprintf(", %d failed", f.Failed)
	}
	return text
}

// The function against returns what the recording has for a limit of the budget.
func against(limit string, f *compare.Figures) string {
	if f == nil {
		return "the recording has no span with this name (correct the name, or make the test run the operation)"
	}
	switch name, _, _ := strings.Cut(limit, " "); name {
	case "median":
		return short(f.Median) + " (" + count(f.Spans, "span") + ")"
	case "p95":
		return short(f.P95) + " (" + count(f.Spans, "span") + ")"
	case "queries":
		return fmt.Sprintf("%d in one request", f.MostQueries)
	default:
		return fmt.Sprintf("%d of %s failed", f.Failed, count(f.Spans, "span"))
	}
}

// The function short returns d with about three digits.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
