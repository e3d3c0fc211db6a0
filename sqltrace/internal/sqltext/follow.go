package sqltext

import "strings"

// follow takes in a word, a name or a value.
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
	case k == operation && r.prevWord == kwExplain: // EXPLAIN ANALYZE
	case k == kwRoutine && r.dialect == SQLServer && len(r.frames) == 1 && r.prevWord != kwWith:
		r.operate(f, k, upper) // after another statement, too
	case r.mayBegin(f, k):
		r.operate(f, k, upper)
	default:
		r.introduce(f, k)
	}
}

// isBare reports whether t begins a statement that may go on with literals without
// quotes: SQL Server calls a procedure by its name alone.
func (r *reader) isBare(f *frame, t token, k keyword) bool {
	return !f.begun && k == none && dialects[r.dialect].bare && len(r.frames) == 1 && t.text != "{"
}

// mayBegin reports whether k begins a statement where it stands.
func (r *reader) mayBegin(f *frame, k keyword) bool {
	changes := kwInsert <= k && k <= kwMerge
	if f.operation == kwWith {
		return changes
	}
	return k <= lastOperation && f.operation == none &&
		(len(r.frames) == 1 || !f.begun && (changes || k == kwWith))
}

// operate begins the statement that k is.
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

// begin adds a step.
func (r *reader) begin(f *frame, k keyword, upper string, expect expectation) {
	f.operation, f.expect, f.list, f.values, f.columns = k, expect, false, false, false
	f.step = -1
	if len(r.operations) < mostSteps {
		f.step = len(r.operations)
		r.operations = append(r.operations, step{
			name: upper, depth: len(r.frames) - 1, minor: k == kwSelect,
		})
	}
}

// introduce waits for the table that k says will follow.
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
		if f.operation == kwDefine && f.step >= 0 && !strings.HasSuffix(r.operations[f.step].name, "TABLE") {
			f.expect = aSetting // ALTER DATABASE d SET x TO y
		}
	case clause:
		f.list = false
	}
}

// expected deals with what comes where something is waited for, and reports
// whether that is all there is to do.
func (r *reader) expected(f *frame, t token, k keyword, upper string) bool {
	if k == filler || isOr(r.prev.text) {
		return true
	}
	switch f.expect {
	case aName:
		f.expect = nothing
		if len(r.names) < mostSteps {
			r.names = append(r.names, clean(t.text))
		}
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
		f.expect = nothing // a function
		return true
	}
	f.columns = f.operation == kwInsert
	f.expect = nothing
	r.openTarget(f, t)
	if f.operation == kwRoutine && r.dialect == SQLServer {
		r.secret = true // arguments need no quotes
	}
	return true
}

// object takes in what is created, altered or dropped.
func (r *reader) object(f *frame, k keyword, upper string) bool {
	switch k {
	case object:
		f.expect = aTarget
		if f.step >= 0 {
			r.operations[f.step].name += " " + upper
		}
	case user:
		r.secret = true
		f.expect = nothing
	case kwInsert: // CREATE OR REPLACE
	default:
		f.expect = nothing
	}
	return true
}

func isOr(text string) bool { return len(text) == 2 && (text[0]|0x20) == 'o' && (text[1]|0x20) == 'r' }
