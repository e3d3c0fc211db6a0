package corpus

// A Score counts values. A value is one operation or one table.
type Score struct {
	// Right is the number of values that were recorded and that the parser found too.
	Right int
	// Recorded is the number of values that were recorded.
	Recorded int
	// Expected is the number of values that the parser found.
	Expected int
}

// Precision returns Right/Recorded. If nothing was recorded, it returns 1.
func (s Score) Precision() float64 { return share(s.Right, s.Recorded) }

// Recall returns Right/Expected. If nothing was expected, it returns 1.
func (s Score) Recall() float64 { return share(s.Right, s.Expected) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// A Kind is the kind of a [Failure].
type Kind string

// These are the kinds of failures.
const (
	// Leak is a canary that was recorded.
	Leak Kind = "leak"
	// WrongOperation is a db.operation.name that is missing or wrong.
	WrongOperation Kind = "operation"
	// WrongTables are tables that are missing or wrong.
	WrongTables Kind = "tables"
	// WrongCollection is a db.collection.name that is not the only table of the statement.
	WrongCollection Kind = "collection"
)

// A Failure is a difference between a recording and a statement.
type Failure struct {
	// ID is the identifier of the statement.
	ID string
	// Kind is the kind of the failure. A statement has at most one failure of each kind.
	Kind Kind
	// System is the db.system.name of the statement.
	System string
	// Want describes the right value. For a leak, it is the canary.
	Want string
	// Got describes the recorded value. For a leak, it is the place and the value.
	Got string
	// SQL is the text of the statement, with canaries.
	SQL string
}

// A Result describes one corpus.
//
// The operation of a statement counts if a parser read the statement. It is right if it is
// one of the values that the parser accepts. Statements that only begin or end a transaction
// do not count, because they have no span.
//
// The tables of a statement count if a parser found them. The names are compared in lower
// case and with their qualifiers, such as schema.table. The recorded tables are the names
// in db.query.summary, or db.collection.name if there is no summary. Every table is one
// value of the score, so a statement with three tables counts three times. The tables of a
// CREATE TABLE statement do not include tables that the statement refers to or inherits
// from. A statement about another object, such as CREATE INDEX or CALL, does not count,
// because its summary may name that object.
//
// A db.collection.name counts if a parser found the tables of the statement. It is expected
// if there is exactly one table, and right if it is this table. For CREATE INDEX this is the
// table that has the index. For a statement such as CALL, none is expected.
type Result struct {
	// Corpus is the name of the corpus, and Version the version of its source.
	Corpus, Version string
	// Statements is the number of statements that were executed.
	Statements int
	// Literals is the number of literals that contained a canary.
	Literals int
	// LeftOut is the number of statements and literals that were not checked, by reason.
	LeftOut map[string]int
	// Operations, Tables and Collections are the scores of the corpus.
	Operations, Tables, Collections Score
	// Failures are the leaks and the differences, in the order of the statements.
	Failures []Failure
}

// Leaks returns the failures that are leaks.
func (r *Result) Leaks() []Failure { return r.Of(Leak) }

// Of returns the failures of the kind k.
func (r *Result) Of(k Kind) (failures []Failure) {
	for _, f := range r.Failures {
		if f.Kind == k {
			failures = append(failures, f)
		}
	}
	return failures
}
