package sqltext

import (
	"slices"
	"strings"
)

// A summarizer finds the operations and the tables of one text. It has one frame for the whole
// text, and one frame for each open parenthesis. A frame contains the state of the current
// statement, clause and list. With this state, the summarizer also decides which tokens must not be
// recorded.
type summarizer struct {
	dialect Dialect
	frames  []frame // the last frame belongs to the innermost parenthesis
	prev    token   // the last token
	outline outline
	ended   bool // a semicolon was read
	many    bool // the text has more than one statement
	secret  bool // the rest of the statement must not be recorded
}

// An expectation is the kind of token that a [summarizer] expects next.
type expectation uint8

const (
	nothing  expectation = iota
	aTable               // a table or another source of rows, such as a function
	aTarget              // a table, even if a parenthesis follows
	anObject             // the kind of object that is defined, such as TABLE
	aSetting             // the name of a setting, which has a value
	aName                // the name of a common table expression
)

// A frame is the state inside one open parenthesis.
type frame struct {
	operation keyword
	step      int  // index of the operation in outline.steps, if there is an operation
	begun     bool // a token was read in this frame
	list      bool // after a comma, another table follows
	expect    expectation
	columns   bool       // names of columns may follow
	kind      targetKind // the kind of the next target
}

func (s *summarizer) top() *frame { return &s.frames[len(s.frames)-1] }

// read handles the token t and returns it with its final kind. The parameter rest is the text
// after t.
func (s *summarizer) read(t token, rest string) token {
	if !t.gap && s.prev.kind == literal && (t.kind == literal || t.kind == word && t.keyword == none) {
		t.kind = continuation // as in 1_000, 0b1 and 'a'b
		return t
	}
	if t.kind == ambiguous {
		t.kind = literal
		if s.named(rest) {
			t.kind = quoted
		}
	}
	if s.outline.continues(t) {
		t.keyword = none
		s.prev = t
		return t
	}
	s.many = s.many || s.ended && t.text != ";"
	s.ended = s.ended || t.text == ";" && s.prev.text != ""
	t.secret = s.secret && t.text != ";"
	switch t.text {
	case "(":
		s.push()
	case ")":
		s.pop()
	case ",":
		s.comma()
	case ";":
		s.reset()
	default:
		if !t.secret {
			s.follow(t)
		}
	}
	s.top().begun = s.top().begun || t.text != "(" && t.text != ";"
	s.prev = t
	return t
}

func (s *summarizer) push() {
	f := s.top()
	next := frame{step: -1}
	switch {
	case f.expect == aTable && s.prev.keyword != kwUsing && !s.prev.call:
		next.expect, next.list, next.step = aTable, true, f.step
	case f.columns:
		next.columns = true
	}
	f.columns = false
	switch {
	case f.expect == aTable, f.expect == aTarget:
		f.expect = nothing
	case f.expect == aName && s.prev.keyword == kwWith: // the WITH of SQL Server's hints
		f.operation, f.expect = kwInsert, nothing
	}
	f.begun = true
	s.frames = append(s.frames, next)
}

func (s *summarizer) pop() {
	if len(s.frames) > 1 {
		s.frames = s.frames[:len(s.frames)-1]
	}
}

func (s *summarizer) comma() {
	switch f := s.top(); {
	case f.operation == kwWith:
		f.expect = aName
	case f.list:
		f.expect = aTable
	}
}

func (s *summarizer) reset() {
	s.frames = s.frames[:1]
	s.frames[0] = frame{}
	s.secret = false
}

func (s *summarizer) follow(t token) {
	f := s.top()
	if s.isBare(f, t) {
		s.secret = true
		return
	}
	if t.kind != word && t.kind != quoted {
		if f.expect == anObject && (t.text == "=" || t.text == "@" || s.prev.text == "=" || s.prev.text == "@") {
			return // as in DEFINER = 'a'@'b'
		}
		s.secret = s.secret || f.expect == aSetting || f.expect == aTarget && f.operation == kwRoutine && s.dialect == SQLServer
		f.expect = nothing
		return
	}
	if f.expect != nothing && s.expected(f, t) {
		return
	}
	switch k := t.keyword; {
	case t.kind != word || k == none:
	case k == kwSelect:
		s.begin(f, t, nothing)
	case k == operation && s.prev.keyword == kwExplain: // EXPLAIN ANALYZE is one operation
	case k == kwRoutine && s.dialect == SQLServer && len(s.frames) == 1 && s.prev.keyword != kwWith:
		s.operate(f, t) // may also follow another statement directly
	case s.mayBegin(f, k):
		s.operate(f, t)
	case !f.begun && len(s.frames) == 1 && k == kwValues: // a statement that consists of rows
		s.begin(f, t, nothing)
		s.introduce(f, k)
	case !f.begun && len(s.frames) == 1 && k == kwFrom: // a query may begin with FROM in some databases
		t.upper, t.keyword = "SELECT", kwSelect
		s.begin(f, t, aTable)
		f.list = true
	case k == object && s.prev.upper == "LATERAL": // LATERAL VIEW of Hive, which is followed by names of columns
		f.list = false
	case !f.begun && len(s.frames) == 1 && t.upper == "TABLE": // short for SELECT * FROM
		s.begin(f, t, aTarget)
		f.operation = kwTruncate
	default:
		s.introduce(f, k)
	}
}

// isBare reports whether t begins a statement that may contain unquoted literals. For
// example, in SQL Server a statement that begins with the name of a procedure calls this
// procedure.
func (s *summarizer) isBare(f *frame, t token) bool {
	return !f.begun && t.keyword == none && dialects[s.dialect].bare && len(s.frames) == 1 && t.text != "{"
}

func (s *summarizer) mayBegin(f *frame, k keyword) bool {
	changes := kwInsert <= k && k <= kwMerge
	switch {
	case f.operation == kwWith:
		return changes || k == kwDefine
	case k == kwWith && s.precedesQuery(f):
		return true
	}
	return k <= lastOperation && f.operation == none &&
		(len(s.frames) == 1 || !f.begun && (changes || k == kwWith))
}

// precedesQuery reports whether a query of the current statement may begin after the previous token,
// as in INSERT INTO t SELECT and CREATE VIEW v AS SELECT.
func (s *summarizer) precedesQuery(f *frame) bool {
	switch f.operation {
	case kwInsert:
		return true
	case kwDefine, operation:
		return s.prev.keyword == kwAs || s.prev.upper == "FOR"
	}
	return false
}

func (s *summarizer) operate(f *frame, t token) {
	switch t.keyword {
	case kwWith:
		f.operation, f.expect = kwWith, aName
	case kwExplain:
		s.begin(f, t, nothing)
		f.operation = none
	case kwUpdate, kwTruncate, kwMerge:
		s.begin(f, t, aTarget)
		f.list = t.upper != "COPY" && t.keyword != kwMerge
	case kwInsert:
		s.begin(f, t, nothing)
		if s.dialect != Oracle { // which has INSERT ALL and INSERT FIRST
			f.expect = aTarget
		}
	case kwRoutine:
		s.begin(f, t, aTarget)
		f.kind = procedure
		if t.upper == "EXECUTE" && s.dialect != SQLServer {
			f.kind = otherTarget // a prepared statement
		}
	case kwDefine:
		s.begin(f, t, anObject)
		f.list = t.upper == "DROP"
	case kwAssign:
		s.begin(f, t, aSetting)
	case kwAccount:
		s.begin(f, t, nothing)
		s.secret = true
	default:
		s.begin(f, t, nothing)
	}
}

func (s *summarizer) begin(f *frame, t token, expect expectation) {
	f.operation, f.expect, f.list, f.columns, f.kind = t.keyword, expect, false, false, table
	f.step = s.outline.begin(step{name: t.upper, depth: len(s.frames) - 1, minor: t.keyword == kwSelect})
}

// introduce sets f.expect to the kind of token that is expected after k, such as a table or
// a setting.
func (s *summarizer) introduce(f *frame, k keyword) {
	switch k {
	case kwFrom:
		if kwSelect <= f.operation && f.operation <= kwMerge && f.operation != kwInsert && s.prev.keyword != kwDistinct {
			f.expect, f.list = aTable, true
		}
	case kwJoin:
		if f.expect = aTable; strings.EqualFold(s.prev.text, "ARRAY") {
			f.expect, f.list = nothing, false // ARRAY JOIN of ClickHouse, which is followed by names of columns
		}
	case kwInto:
		f.expect = aTarget
	case kwOn:
		if f.operation == kwDefine && s.definesOnTable(f) {
			f.expect, f.kind = aTarget, indexed
		}
	case kwUsing:
		if f.operation == kwMerge || f.operation == kwDelete {
			f.expect, f.list = aTable, true
		}
	case kwValues:
		f.list, f.columns = false, false
	case kwAssign:
		f.list = false
		if f.operation == kwDefine && f.step >= 0 && !strings.HasSuffix(s.outline.steps[f.step].name, "TABLE") {
			f.expect = aSetting // for example, ALTER DATABASE d SET x TO y
		}
	case clause:
		f.list = false
	}
}

// expected handles a token while f.expect is set. It returns true if the token is
// completely handled.
func (s *summarizer) expected(f *frame, t token) bool {
	k := t.keyword
	if k == filler || isOr(s.prev.text) {
		return true
	}
	switch f.expect {
	case aName:
		f.expect = nothing
		s.outline.addName(t.text)
		return true
	case aSetting:
		f.expect = nothing
		s.secret = true
		return true
	case anObject:
		return s.object(f, t)
	case aTarget:
		if k == kwOn && s.definesOnTable(f) {
			f.kind = indexed // the index has no name
		}
		switch {
		case k == object && t.upper == "FUNCTION" && f.operation == kwInsert: // INSERT INTO FUNCTION of ClickHouse
			f.expect = nothing
			return true
		case t.upper == "DATABASE" && f.operation == kwTruncate:
			f.kind = otherTarget
			return true
		case k == object && f.operation != kwRoutine, k == kwOn:
			return true
		}
	}
	if k == kwOn || k == kwSelect || k == kwWith || k == kwValues || k == kwFrom || k == kwInto || k == clause || k == kwAssign {
		f.expect = nothing
		return false
	}
	if f.expect == aTable && (t.call || strings.EqualFold(t.text, "UNNEST")) {
		f.expect = nothing // t is the name of a function
		return true
	}
	f.columns = f.operation == kwInsert
	f.expect = nothing
	s.outline.openTarget(f.step, f.kind, t)
	if f.operation == kwRoutine && s.dialect == SQLServer {
		s.secret = true // the arguments may be unquoted
	}
	return true
}

// object reads the kind of object in a CREATE, ALTER or DROP statement.
func (s *summarizer) object(f *frame, t token) bool {
	switch {
	case t.keyword == object:
		f.expect = aTarget
		if f.step >= 0 {
			s.outline.steps[f.step].name += " " + t.upper
		}
		if t.upper != "TABLE" && t.upper != "VIEW" && t.upper != "TABLES" {
			f.kind = otherTarget
		}
	case t.keyword == user:
		s.secret = true
		f.expect = nothing
	case t.keyword == kwInsert: // REPLACE in CREATE OR REPLACE
	case s.prev.text == "=", s.prev.text == "@", isModifier(t.text):
	default:
		f.expect, f.list = nothing, false
	}
	return true
}

// modifiers are words that may stand between CREATE and the kind of the object.
var modifiers = []string{
	"ALGORITHM", "CONSTRAINT", "DEFINER", "DYNAMIC", "EDITIONABLE", "EXTERNAL", "FORCE", "HYBRID", "ICEBERG", "INTERACTIVE", "INVOKER",
	"MULTISET", "NOFORCE", "NONEDITIONABLE", "PRIVATE", "SCOPED", "SECURITY", "SQL", "STREAMING", "TRANSIENT", "VOLATILE",
}

func isModifier(text string) bool {
	return slices.ContainsFunc(modifiers, func(m string) bool { return strings.EqualFold(m, text) })
}

// definesOnTable reports whether the statement defines an object that belongs to a table.
func (s *summarizer) definesOnTable(f *frame) bool {
	if f.step < 0 {
		return false
	}
	name := s.outline.steps[f.step].name
	return name == "CREATE INDEX" || name == "CREATE TRIGGER"
}

func isOr(text string) bool { return len(text) == 2 && (text[0]|0x20) == 'o' && (text[1]|0x20) == 'r' }

// named reports whether an ambiguous token is a name. It is a name if a literal cannot
// occur at this place.
func (s *summarizer) named(rest string) bool {
	f := s.top()
	switch {
	case f.columns && f.operation == none && (s.dialect != Other || s.prev.text == "(" || s.prev.text == ","), s.prev.kind != literal && strings.HasSuffix(s.prev.text, "."):
		return true
	case f.expect == aTable, f.expect == aTarget, f.expect == aName:
		return f.operation != operation && !isOr(s.prev.text) // for example, VACUUM INTO is followed by a literal
	case s.prev.keyword == kwAs:
		return kwSelect <= f.operation && f.operation <= kwMerge
	}
	return s.dialect != Other && strings.HasPrefix(rest, ".")
}
