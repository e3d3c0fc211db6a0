package sqltext

import (
	"slices"
	"strings"
)

// An outline is the operations of a text and their tables.
type outline struct {
	steps []step
	names []string // of common table expressions

	target     []byte // the name of the table being read
	targetStep int
	open       bool // there may be more of it
}

// A step is an operation and its tables.
type step struct {
	name   string
	tables []string
	depth  int
	minor  bool // not worth naming without a table
}

// mostSteps is the limit of operations, of tables of each, and of names. A summary is
// shorter.
const mostSteps = 32

// begin adds an operation, and returns its index, -1 if there are too many.
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

// openTarget starts to read the name of a table with t. The table belongs to the
// operation at step.
func (o *outline) openTarget(step int, t token) {
	o.target = append(o.target[:0], t.text...)
	o.targetStep = step
	o.open = true
}

// continues adds t to the name of the table being read, and reports whether t is part
// of that name. Glued is set if nothing is between t and the name.
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

// closeTarget adds the table whose name was read. It leaves out common table
// expressions.
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

// clean returns the name of a table without quotes, "" if it may not be shown.
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

// summary returns the operations and their tables, in the order in which the
// operations come.
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

// main returns the step that the statement is about: the first that is not in
// parentheses, such as those of common table expressions.
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
