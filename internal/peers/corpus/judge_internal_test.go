package corpus

import (
	"slices"
	"testing"
)

// statement returns a statement that was written for these tests.
func statement() *Statement {
	return &Statement{
		ID: "0123", System: "postgresql", SQL: "SELECT name FROM pets WHERE owner = 'Zkq000001Wxk'",
		Literals: 1, Canaries: []string{"Zkq000001Wxk"}, Operations: []string{"SELECT"}, Tables: []string{"pets"},
	}
}

// recorded returns a recording of a span with these attributes.
func recorded(attrs map[string]string) *recording {
	r := &recording{spans: []map[string]string{attrs}}
	for key, value := range attrs {
		r.add("span "+key, value)
	}
	return r
}

func right() map[string]string {
	return map[string]string{
		"db.query.text": "SELECT name FROM pets WHERE owner = ?", "db.query.summary": "SELECT pets",
		"db.operation.name": "SELECT", "db.collection.name": "pets",
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(s *Statement, attrs map[string]string, failed *recording)
		want    []Kind
		details string
	}{
		{name: "right", change: func(*Statement, map[string]string, *recording) {}},
		{"leak in the text", func(s *Statement, attrs map[string]string, _ *recording) {
			attrs["db.query.text"] = s.SQL
		}, []Kind{Leak}, "span db.query.text: SELECT name FROM pets WHERE owner = 'Zkq000001Wxk'"},
		{"leak in lower case", func(_ *Statement, attrs map[string]string, _ *recording) {
			attrs["db.query.text"] = "zkq000001wxk"
		}, []Kind{Leak}, "span db.query.text: zkq000001wxk"},
		{"leak in the status of a failure", func(s *Statement, _ map[string]string, failed *recording) {
			failed.add("span status", "syntax error in "+s.SQL)
		}, []Kind{Leak}, "span status: syntax error in SELECT name FROM pets WHERE owner = 'Zkq000001Wxk'"},
		{"wrong operation", func(_ *Statement, attrs map[string]string, _ *recording) {
			attrs["db.operation.name"] = "INSERT"
		}, []Kind{WrongOperation}, "INSERT"},
		{"no operation", func(_ *Statement, attrs map[string]string, _ *recording) {
			delete(attrs, "db.operation.name")
		}, []Kind{WrongOperation}, ""},
		{"wrong table", func(_ *Statement, attrs map[string]string, _ *recording) {
			attrs["db.query.summary"] = "SELECT owner"
		}, []Kind{WrongTables}, "owner"},
		{"one table too many", func(_ *Statement, attrs map[string]string, _ *recording) {
			attrs["db.query.summary"] = "SELECT Pets owners"
		}, []Kind{WrongTables}, "pets owners"},
		{"wrong collection", func(_ *Statement, attrs map[string]string, _ *recording) {
			attrs["db.collection.name"] = "name"
		}, []Kind{WrongCollection}, "name"},
		{"no span", func(_ *Statement, attrs map[string]string, _ *recording) {
			clear(attrs)
		}, []Kind{WrongOperation, WrongTables, WrongCollection}, ""},
		{"one of two tables as collection", func(s *Statement, attrs map[string]string, _ *recording) {
			s.Tables = []string{"owners", "pets"}
			attrs["db.query.summary"] = "SELECT pets owners"
		}, []Kind{WrongCollection}, "pets"},
		{"an index as collection", func(s *Statement, attrs map[string]string, _ *recording) {
			s.Operations, s.CollectionOnly = []string{"CREATE INDEX"}, true
			attrs["db.operation.name"], attrs["db.query.summary"] = "CREATE INDEX", "CREATE INDEX pets_name"
			attrs["db.collection.name"] = "pets_name"
		}, []Kind{WrongCollection}, "pets_name"},
		{"not known to a parser", func(s *Statement, attrs map[string]string, _ *recording) {
			s.Operations, s.Tables = nil, nil
			clear(attrs)
		}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, attrs, failed := statement(), right(), recorded(nil)
			tt.change(s, attrs, failed)
			var r Result
			r.judge(s, recorded(attrs), failed)
			var got []Kind
			for _, f := range r.Failures {
				got = append(got, f.Kind)
				if f.ID != s.ID || f.Got != tt.details {
					t.Errorf("failure of %s: got %q, want %q", f.ID, f.Got, tt.details)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("failures: got %q, want %q", got, tt.want)
			}
			if r.Statements != 1 || r.Literals != 1 {
				t.Errorf("got %d statements and %d literals, want one of each", r.Statements, r.Literals)
			}
		})
	}
}

func TestScores(t *testing.T) {
	s := statement()
	s.Tables = []string{"houses", "owners", "pets"}
	attrs := right()
	attrs["db.query.summary"] = "SELECT pets owners streets towns"
	var r Result
	r.judge(s, recorded(attrs), recorded(nil))
	if want := (Score{Right: 2, Recorded: 4, Expected: 3}); r.Tables != want {
		t.Errorf("tables: got %+v, want %+v", r.Tables, want)
	}
	if p, q := r.Tables.Precision(), r.Tables.Recall(); p != 0.5 || q != 2.0/3 {
		t.Errorf("got the precision %v and the recall %v, want 1/2 and 2/3", p, q)
	}
	if want := (Score{Recorded: 1}); r.Collections != want {
		t.Errorf("collections: got %+v, want %+v", r.Collections, want)
	}
}

func TestNamesIn(t *testing.T) {
	got := namesIn("CREATE TABLE a SELECT b.c INSERT table SELECT TABLE")
	if want := []string{"a", "b.c", "table"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
