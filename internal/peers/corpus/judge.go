package corpus

import (
	"slices"
	"strings"
)

// judge compares what was recorded for one statement with the statement, and adds the
// outcome to r. Canaries are searched for in both recordings. Operations and tables are
// compared with the recording of the call that succeeded.
func (r *Result) judge(s *Statement, succeeded, failed *recording) {
	r.Statements++
	r.Literals += s.Literals
	r.judgeLeaks(s, succeeded, failed)
	attrs := map[string]string{}
	for _, span := range succeeded.spans {
		if span["db.query.text"] != "" || span["db.operation.name"] != "" {
			attrs = span
		}
	}
	if len(s.Operations) > 0 {
		r.judgeOperation(s, attrs["db.operation.name"])
	}
	if s.Tables != nil {
		if !s.CollectionOnly {
			r.judgeTables(s, attrs)
		}
		r.judgeCollection(s, attrs["db.collection.name"])
	}
}

func (r *Result) fail(s *Statement, k Kind, want, got string) {
	r.Failures = append(r.Failures, Failure{ID: s.ID, Kind: k, System: s.System, Want: want, Got: got, SQL: s.SQL})
}

// judgeLeaks reports the first canary that was recorded. Upper and lower case are the same.
func (r *Result) judgeLeaks(s *Statement, recordings ...*recording) {
	for _, recorded := range recordings {
		for _, e := range recorded.entries {
			value := strings.ToLower(e.value)
			for _, canary := range s.Canaries {
				if strings.Contains(value, strings.ToLower(canary)) {
					r.fail(s, Leak, canary, e.place+": "+e.value)
					return
				}
			}
		}
	}
}

func (r *Result) judgeOperation(s *Statement, got string) {
	right := slices.Contains(s.Operations, got)
	r.Operations.Expected++
	r.Operations.Recorded += count(got != "")
	r.Operations.Right += count(right)
	if !right {
		r.fail(s, WrongOperation, strings.Join(s.Operations, " or "), got)
	}
}

func (r *Result) judgeTables(s *Statement, attrs map[string]string) {
	got := recordedTables(attrs)
	right := 0
	for _, table := range got {
		right += count(slices.Contains(s.Tables, table))
	}
	r.Tables.Expected += len(s.Tables)
	r.Tables.Recorded += len(got)
	r.Tables.Right += right
	if right != len(s.Tables) || right != len(got) {
		r.fail(s, WrongTables, strings.Join(s.Tables, " "), strings.Join(got, " "))
	}
}

func (r *Result) judgeCollection(s *Statement, got string) {
	got = lower(got)
	want := ""
	if len(s.Tables) == 1 {
		want = s.Tables[0]
	}
	r.Collections.Expected += count(want != "")
	r.Collections.Recorded += count(got != "")
	r.Collections.Right += count(got != "" && got == want)
	if got != want {
		r.fail(s, WrongCollection, want, got)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// recordedTables returns the names of the recorded tables in lower case. Each name occurs
// once.
func recordedTables(attrs map[string]string) []string {
	names := []string{attrs["db.collection.name"]}
	if summary := attrs["db.query.summary"]; summary != "" {
		names = namesIn(summary)
	}
	var tables []string
	for _, name := range names {
		if name = lower(name); name != "" && !slices.Contains(tables, name) {
			tables = append(tables, name)
		}
	}
	return tables
}

// lower returns name in lower case. Letters that are not ASCII stay the same.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}
