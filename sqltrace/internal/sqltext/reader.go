package sqltext

import "strings"

// A reader handles the tokens of one text. It has one frame for the whole text, and one
// frame per open parenthesis. A frame contains the state of the current statement, clause
// and list.
type reader struct {
	dialect  Dialect
	frames   []frame // the last frame belongs to the innermost parenthesis
	prev     token   // the last token that was not a space or a comment
	prevWord keyword // the keyword of prev, if prev is a word
	outline  outline

	out    strings.Builder
	gap    bool // there is space or a comment before the next token
	ended  bool // a semicolon was read
	many   bool // the text has more than one statement
	secret bool // the rest of the statement is replaced with a question mark
	masked bool // the question mark for the rest of the statement was written
	skip   int  // depth of the parenthesis of a row that is left out; 0 if there is no such row
}

// An expectation is the kind of token that a [reader] expects next.
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
	columns   bool // names of columns may follow

	in      bool // the frame is a list after IN
	values  bool // VALUES was read
	tuples  int
	comma   bool // a comma was read but not written yet
	literal bool // the last item in the list after IN was a literal
}

func (r *reader) top() *frame { return &r.frames[len(r.frames)-1] }

// read handles the token t. The parameter rest is the text after t.
func (r *reader) read(t token, rest string) {
	if t.kind == space || t.kind == comment {
		r.gap = true
		return
	}
	var k keyword
	var upper string
	if t.kind == word {
		k, upper = lookup(t.text)
	}
	if t.glued && !r.gap && r.prev.kind == literal && (t.kind == literal || t.kind == word && k == none) {
		return // t is a part of the previous literal, as in 1_000, 0b1 and 'a'b
	}
	if t.kind == ambiguous {
		t.kind = literal
		if r.named(rest) {
			t.kind = quoted
		}
	}
	if r.outline.continues(t, t.glued && !r.gap) {
		r.write(t)
		r.prev, r.prevWord = t, none
		return
	}
	secret := r.secret
	r.many = r.many || r.ended && t.text != ";"
	r.ended = r.ended || t.text == ";" && r.prev.text != ""
	switch t.text {
	case "(":
		r.push()
	case ")":
		r.pop()
	case ",":
		r.comma()
	case ";":
		r.reset()
		secret, r.gap = false, false
	default:
		if !secret {
			r.follow(t, k, upper)
		}
	}
	if secret {
		r.mask()
	} else {
		r.write(t)
	}
	r.top().begun = r.top().begun || t.text != "(" && t.text != ";"
	r.prev, r.prevWord = t, k
}

func (r *reader) push() {
	f := r.top()
	next := frame{step: -1}
	switch {
	case r.prevWord == kwIn:
		next.in = true
	case f.expect == aTable && r.prevWord != kwUsing && !r.prev.call:
		next.expect, next.list, next.step = aTable, true, f.step
	case f.columns:
		next.columns = true
	}
	f.columns = false
	if f.expect == aTable {
		f.expect = nothing
	}
	f.begun = true
	r.frames = append(r.frames, next)
}

func (r *reader) pop() {
	if len(r.frames) > 1 {
		r.frames = r.frames[:len(r.frames)-1]
	}
}

func (r *reader) comma() {
	switch f := r.top(); {
	case f.operation == kwWith:
		f.expect = aName
	case f.list:
		f.expect = aTable
	}
}

func (r *reader) reset() {
	r.frames = r.frames[:1]
	r.frames[0] = frame{}
	r.secret, r.masked, r.skip = false, false, 0
}

func (r *reader) follow(t token, k keyword, upper string) {
	f := r.top()
	if r.isBare(f, t, k) {
		r.secret = true
		return
	}
	if t.kind != word && t.kind != quoted {
		r.secret = r.secret || f.expect == aSetting || f.expect == aTarget && f.operation == kwRoutine && r.dialect == SQLServer
		f.expect = nothing
		return
	}
	if f.expect != nothing && r.expected(f, t, k, upper) {
		return
	}
	switch {
	case t.kind != word || k == none:
	case k == kwSelect:
		r.begin(f, k, upper, nothing)
	case k == operation && r.prevWord == kwExplain: // EXPLAIN ANALYZE is one operation
	case k == kwRoutine && r.dialect == SQLServer && len(r.frames) == 1 && r.prevWord != kwWith:
		r.operate(f, k, upper) // may also follow another statement directly
	case r.mayBegin(f, k):
		r.operate(f, k, upper)
	case !f.begun && len(r.frames) == 1 && k == kwValues: // a statement that consists of rows
		r.begin(f, k, upper, nothing)
		r.introduce(f, k)
	case !f.begun && len(r.frames) == 1 && upper == "TABLE": // short for SELECT * FROM
		r.begin(f, kwTruncate, upper, aTarget)
	default:
		r.introduce(f, k)
	}
}

// isBare reports whether t begins a statement that may contain unquoted literals. For
// example, in SQL Server a statement that begins with the name of a procedure calls this
// procedure.
func (r *reader) isBare(f *frame, t token, k keyword) bool {
	return !f.begun && k == none && dialects[r.dialect].bare && len(r.frames) == 1 && t.text != "{"
}

func (r *reader) mayBegin(f *frame, k keyword) bool {
	changes := kwInsert <= k && k <= kwMerge
	if f.operation == kwWith {
		return changes
	}
	return k <= lastOperation && f.operation == none &&
		(len(r.frames) == 1 || !f.begun && (changes || k == kwWith))
}

func (r *reader) operate(f *frame, k keyword, upper string) {
	switch k {
	case kwWith:
		f.operation, f.expect = kwWith, aName
	case kwExplain:
		r.begin(f, k, upper, nothing)
		f.operation = none
	case kwUpdate, kwTruncate, kwRoutine:
		r.begin(f, k, upper, aTarget)
	case kwDefine:
		r.begin(f, k, upper, anObject)
	case kwAssign:
		r.begin(f, k, upper, aSetting)
	case kwAccount:
		r.begin(f, k, upper, nothing)
		r.secret = true
	default:
		r.begin(f, k, upper, nothing)
	}
}

func (r *reader) begin(f *frame, k keyword, upper string, expect expectation) {
	f.operation, f.expect, f.list, f.values, f.columns = k, expect, false, false, false
	f.step = r.outline.begin(step{name: upper, depth: len(r.frames) - 1, minor: k == kwSelect})
}

// introduce sets f.expect to the kind of token that is expected after k, such as a table or
// a setting.
func (r *reader) introduce(f *frame, k keyword) {
	switch k {
	case kwFrom:
		if kwSelect <= f.operation && f.operation <= kwMerge && f.operation != kwInsert && r.prevWord != kwDistinct {
			f.expect, f.list = aTable, true
		}
	case kwJoin:
		f.expect = aTable
	case kwInto:
		f.expect = aTarget
	case kwUsing:
		if f.operation == kwMerge || f.operation == kwDelete {
			f.expect, f.list = aTable, true
		}
	case kwValues:
		f.list, f.values, f.tuples, f.columns = false, true, 0, false
	case kwAssign:
		f.list = false
		if f.operation == kwDefine && f.step >= 0 && !strings.HasSuffix(r.outline.steps[f.step].name, "TABLE") {
			f.expect = aSetting // for example, ALTER DATABASE d SET x TO y
		}
	case clause:
		f.list = false
	}
}

// expected handles a token while f.expect is set. It returns true if the token is
// completely handled.
func (r *reader) expected(f *frame, t token, k keyword, upper string) bool {
	if k == filler || isOr(r.prev.text) {
		return true
	}
	switch f.expect {
	case aName:
		f.expect = nothing
		r.outline.addName(t.text)
		return true
	case aSetting:
		f.expect = nothing
		r.secret = true
		return true
	case anObject:
		return r.object(f, k, upper)
	case aTarget:
		if k == object && f.operation != kwRoutine || k == kwOn {
			return true
		}
	}
	if k == kwOn || k == kwSelect || k == kwWith || k == kwValues || k == kwFrom || k == kwInto || k == clause || k == kwAssign {
		f.expect = nothing
		return false
	}
	if t.call && f.expect == aTable {
		f.expect = nothing // t is the name of a function
		return true
	}
	f.columns = f.operation == kwInsert
	f.expect = nothing
	r.outline.openTarget(f.step, t)
	if f.operation == kwRoutine && r.dialect == SQLServer {
		r.secret = true // the arguments may be unquoted
	}
	return true
}

// object reads the kind of object in a CREATE, ALTER or DROP statement.
func (r *reader) object(f *frame, k keyword, upper string) bool {
	switch k {
	case object:
		f.expect = aTarget
		if f.step >= 0 {
			r.outline.steps[f.step].name += " " + upper
		}
	case user:
		r.secret = true
		f.expect = nothing
	case kwInsert: // REPLACE in CREATE OR REPLACE
	default:
		f.expect = nothing
	}
	return true
}

func isOr(text string) bool { return len(text) == 2 && (text[0]|0x20) == 'o' && (text[1]|0x20) == 'r' }
