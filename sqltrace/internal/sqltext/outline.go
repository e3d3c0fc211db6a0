package sqltext

import (
	"slices"
	"strings"
)

// An outline contains the operations of a text and their tables.
type outline struct {
	steps []step
	names []string // of common table expressions

	target     []byte // the part of a table's name that was read
	targetStep int    // index of the operation that the table belongs to
	open       bool   // more of the name may follow
}

// A step is an operation and its tables.
type step struct {
	name   string
	tables []string
	depth  int
	minor  bool // left out of the summary if the step has no table
}

// mostSteps is the maximum number of operations, of tables per operation, and of names of
// common table expressions. A summary has no space for more.
const mostSteps = 32

// begin adds an operation and returns its index. It returns -1 if there are too many.
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

// openTarget starts to read the name of a table, whose first token is t. The table belongs
// to the operation at step.
func (o *outline) openTarget(step int, t token) {
	o.target = append(o.target[:0], t.text...)
	o.targetStep = step
	o.open = true
}

// continues adds t to the name of the table that is being read, if t is part of the name,
// and reports whether t was added. glued is true if there is nothing between t and the
// previous token.
func (o *outline) continues(t token, glued bool) bool {
	if !o.open {
		return false
	}
	dotted := len(o.target) > 0 && o.target[len(o.target)-1] == '.'
	switch {
	case t.text == ".", dotted && (t.kind == word || t.kind == quoted), !dotted && t.kind == word && glued && t.text[0] == '.':
		o.target = append(o.target, t.text...)
		return true
	}
	o.closeTarget()
	return false
}

// closeTarget adds the table whose name was read. Common table expressions are not added.
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

// clean returns the name of a table without quotes. It returns "" if name must not be
// recorded.
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

// summary returns the operations and their tables, in the order of the operations in the
// text.
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

// appendWord appends text to b, and reports whether there was space for it.
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

// main returns the main operation of the statement: the first operation that is not in
// parentheses. Operations in parentheses are, for example, those of common table
// expressions.
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

func (o *outline) collection() string {
	if tables := o.main().tables; len(tables) > 0 {
		return tables[0]
	}
	for _, s := range o.steps {
		if len(s.tables) > 0 {
			return s.tables[0]
		}
	}
	return ""
}
