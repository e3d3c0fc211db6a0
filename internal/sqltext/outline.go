package sqltext

import (
	"slices"
	"strings"
)

// An outline contains the operations of a text and the targets of each operation.
type outline struct {
	steps []step
	names []string // names of common table expressions

	name []byte // the part of the current target's name that was already read
	step int    // index of the operation to which the target belongs
	kind targetKind
	open bool // more parts of the name may follow

	dashes bool // a name may contain dashes without quotes, as in BigQuery
}

type step struct {
	name    string
	targets []target
	depth   int
	minor   bool // true if the summary leaves out the step when the step has no target
}

// A target is an object that an operation uses, such as a table.
type target struct {
	name string
	kind targetKind
}

// A targetKind is the kind of a target.
type targetKind uint8

const (
	table       targetKind = iota // or another source of rows
	indexed                       // a table to which an object belongs, as in CREATE INDEX; not in the summary
	procedure                     // a stored procedure
	otherTarget                   // for example, a schema
)

// mostSteps is the maximum number of operations. It is also the maximum number of targets
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

// openTarget starts to read the name of a target of the kind k. t is the first token of the name.
// The target belongs to the operation with the index step.
func (o *outline) openTarget(step int, k targetKind, t token) {
	o.name = append(o.name[:0], t.text...)
	o.step, o.kind, o.open = step, k, true
}

// continues is called while the name of a target is being read. If t is part of the name,
// continues adds t to the name and returns true.
func (o *outline) continues(t token) bool {
	if !o.open {
		return false
	}
	last := o.name[len(o.name)-1]
	dotted := last == '.' || last == '-'
	switch {
	case t.text == ".", t.text == "-" && !t.gap && o.dashes, dotted && (t.kind == word || t.kind == quoted), !dotted && t.kind == word && !t.gap && t.text[0] == '.':
		o.name = append(o.name, t.text...)
		return true
	}
	o.closeTarget()
	return false
}

// closeTarget adds the target whose name was read. If this is the name of a common table
// expression, closeTarget adds nothing.
func (o *outline) closeTarget() {
	o.open = false
	t := target{clean(string(o.name)), o.kind}
	if t.name == "" || o.step < 0 || o.step >= len(o.steps) || slices.ContainsFunc(o.names, func(name string) bool { return strings.EqualFold(name, t.name) }) {
		return
	}
	s := &o.steps[o.step]
	if len(s.targets) < mostSteps && !slices.Contains(s.targets, t) {
		s.targets = append(s.targets, t)
	}
}

// clean removes the quotes from the name of a target, and returns the result. If the name
// must not be recorded, clean returns "".
func clean(name string) string {
	if len(name) > longestName {
		return ""
	}
	for i := range len(name) {
		if c := name[i]; !isNamePart(c) && !strings.ContainsRune("\"`[].$#-:", rune(c)) {
			return ""
		}
	}
	if strings.HasSuffix(name, "-") {
		return ""
	}
	return strings.Trim(quotes.Replace(name), ".")
}

var quotes = strings.NewReplacer(`"`, "", "`", "", "[", "", "]", "")

// summary returns the operations and their targets. The operations have the same order as in
// the text.
func (o *outline) summary() string {
	if o.open {
		o.closeTarget()
	}
	var b strings.Builder
	for i := range o.steps {
		s := &o.steps[i]
		if len(s.targets) == 0 && s.minor && s != o.main() {
			continue
		}
		if !appendWord(&b, s.name) {
			break
		}
		for _, t := range s.targets {
			if t.kind != indexed && !appendWord(&b, t.name) {
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

// only returns the name of the only target that has one of the kinds. If there is no such target, or
// more than one, only returns "".
func (o *outline) only(kinds ...targetKind) (name string) {
	for _, s := range o.steps {
		for _, t := range s.targets {
			switch {
			case !slices.Contains(kinds, t.kind):
			case name != "" && t.name != name:
				return ""
			default:
				name = t.name
			}
		}
	}
	return name
}
