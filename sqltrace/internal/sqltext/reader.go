package sqltext

import "strings"

// reader is the state of reading one text: which statement, clause and list each
// open parenthesis is in.
type reader struct {
	dialect    Dialect
	frames     []frame // one, and one more for each open parenthesis
	prev       token   // the last that was neither space nor comment
	prevWord   keyword // what the last token meant, if it was a word
	operations []step
	names      []string // of common table expressions

	target     []byte // the name of the table being read
	targetStep int
	open       bool // there may be more of it

	out    strings.Builder
	gap    bool // space or a comment comes before the next token
	secret bool // the rest of the statement is left out
	masked bool // and that is shown
	skip   int  // the depth at which a row of values is being left out, 0 if none is
}

// A step is an operation and its tables.
type step struct {
	name   string
	tables []string
	depth  int
	minor  bool // not worth naming without a table
}

// An expectation is what a reader waits for.
type expectation uint8

const (
	nothing  expectation = iota
	aTable               // or something else that can be selected from
	aTarget              // a table, even where a parenthesis follows
	anObject             // the kind of what is defined
	aSetting             // that has a value
	aName                // of a common table expression
)

type frame struct {
	operation keyword
	step      int // index of the operation's step, when there is one
	begun     bool
	list      bool // a comma brings another table
	expect    expectation
	columns   bool // the names of columns, or what may be

	in      bool // the list of IN
	values  bool // after VALUES
	tuples  int
	comma   bool // one is held back
	literal bool // what was written last in the list of IN
}

// mostSteps bounds what is remembered of a text; a summary is shorter.
const mostSteps = 32

func (r *reader) top() *frame { return &r.frames[len(r.frames)-1] }

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
		return // 1_000, 0b1, 'a'b: still that literal
	}
	if t.kind == ambiguous {
		t.kind = literal
		if r.named(rest) {
			t.kind = quoted
		}
	}
	if r.continues(t) {
		r.write(t)
		r.prev, r.prevWord = t, none
		return
	}
	secret := r.secret
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
	r.top().begun = r.top().begun || t.text != "("
	r.prev, r.prevWord = t, k
}

// push begins a parenthesis.
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

// reset begins the next statement.
func (r *reader) reset() {
	r.frames = r.frames[:1]
	r.frames[0] = frame{}
	r.secret, r.masked, r.skip = false, false, 0
}

// continues adds t to the name of the table being read, if it belongs to it.
func (r *reader) continues(t token) bool {
	if !r.open {
		return false
	}
	dotted := len(r.target) > 0 && r.target[len(r.target)-1] == '.'
	switch {
	case t.text == ".", dotted && (t.kind == word || t.kind == quoted):
		r.target = append(r.target, t.text...)
		return true
	case !dotted && t.kind == word && t.glued && !r.gap && t.text[0] == '.':
		r.target = append(r.target, t.text...)
		return true
	}
	r.closeTarget()
	return false
}
