package sqltext

import (
	"slices"
	"strings"
)

// An outline contains the operations of a text and the tables of each operation.
type outline struct {
	steps []step
	names []string // names of common table expressions

	target     []byte // the part of the current table name that was already read
	targetStep int    // index of the operation to which the table belongs
	open       bool   // more parts of the table name may follow
}

type step struct {
	name   string
	tables []string
	depth  int
	minor  bool // true if the summary leaves out the step when the step has no table
}

// mostSteps is the maximum number of operations. It is also the maximum number of tables
// per operation, and the maximum number of common table expressions. A summary has no space
// for more.
const mostSteps = 32

// begin adds an operation and returns the index of the operation. If there are already
// mostSteps operations, begin adds nothing and returns -1.
func (o *outline) begin(s step) int {
	if len(o.steps) == mostSteps {
		return -1
	}
	o.steps = append(o.steps, s)
	return len(o.steps) - 1
}

// addName adds the name of a common table expression.
func (o *outline) addName(name string) {
	if len(o.names) < mostSteps {
		o.names = append(o.names, clean(name))
	}
}

// openTarget starts to read the name of a table. t is the first token of the name. The
// table belongs to the operation with the index step.
func (o *outline) openTarget(step int, t token) {
	o.target = append(o.target[:0], t.text...)
	o.targetStep = step
	o.open = true
}

// continues is called while the name of a table is being read. If t is part of the name,
// continues adds t to the name and returns true.
func (o *outline) continues(t token) bool {
	if !o.open {
		return false
	}
	dotted := len(o.target) > 0 && o.target[len(o.target)-1] == '.'
	switch {
	case t.text == ".", dotted && (t.kind == word || t.kind == quoted), !dotted && t.kind == word && !t.gap && t.text[0] == '.':
		o.target = append(o.target, t.text...)
		return true
	}
	o.closeTarget()
	return false
}

// closeTarget adds the table whose name was read. If this is the name of a common table
// expression, closeTarget adds nothing.
func (o *outline) closeTarget() {
	o.open = false
	name := clean(string(o.target))
	if name == "" || o.targetStep < 0 || o.targetStep >= len(o.steps) || slices.Contains(o.names, name) {
		return
	}
	s := &o.steps[o.targetStep]
	if len(s.tables) < mostSteps && !slices.Contains(s.tables, name) {
		s.tables = append(s.tables, name)
	}
}

// clean removes the quotes from the name of a table, and returns the result. If the name
// must not be recorded, clean returns "".
func clean(name string) string {
	if len(name) > longestName {
		return ""
	}
	for i := range len(name) {
		if c := name[i]; !isNamePart(c) && !strings.ContainsRune("\"`[].$#", rune(c)) {
			return ""
		}
	}
	return strings.Trim(quotes.Replace(name), ".")
}

var quotes = strings.NewReplacer(`"`, "", "`", "", "[", "", "]", "")

// summary returns the operations and their tables. The operations have the same order as in
// the text.
func (o *outline) summary() string {
	if o.open {
		o.closeTarget()
	}
	var b strings.Builder
	for i := range o.steps {
		s := &o.steps[i]
		if len(s.tables) == 0 && s.minor && s != o.main() {
			continue
		}
		if !appendWord(&b, s.name) {
			break
		}
		for _, table := range s.tables {
			if !appendWord(&b, table) {
				return b.String()
			}
		}
	}
	return b.String()
}

// appendWord appends text to b if the maximum length allows this, and reports whether it
// did.
func appendWord(b *strings.Builder, text string) bool {
	if b.Len()+1+len(text) > longestSummary {
		return false
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(text)
	return true
}

// main returns the main operation of the statement. This is the first operation that is not
// in parentheses. For example, the operations of common table expressions are in
// parentheses. If all operations are in parentheses, main returns the first operation.
func (o *outline) main() *step {
	for i := range o.steps {
		if o.steps[i].depth == 0 {
			return &o.steps[i]
		}
	}
	if len(o.steps) > 0 {
		return &o.steps[0]
	}
	return &step{}
}

func (o *outline) operation() string { return o.main().name }

// collection returns the table of the text. If the text has no table, or more than one,
// collection returns "".
func (o *outline) collection() string {
	only := ""
	for _, s := range o.steps {
		switch s.name {
		case "CALL", "EXEC", "EXECUTE": // these have the name of a procedure
			if len(o.steps) > 1 {
				continue
			}
		}
		for _, table := range s.tables {
			if only != "" && table != only {
				return ""
			}
			only = table
		}
	}
	return only
}
