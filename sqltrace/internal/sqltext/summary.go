package sqltext

import (
	"slices"
	"strings"
)

// openTarget begins the name of a table with t.
func (r *reader) openTarget(f *frame, t token) {
	r.target = append(r.target[:0], t.text...)
	r.targetStep = f.step
	r.open = true
}

// closeTarget takes in the name of a table, now that all of it is there.
func (r *reader) closeTarget() {
	r.open = false
	name := clean(string(r.target))
	if name == "" || r.targetStep < 0 || r.targetStep >= len(r.operations) || slices.Contains(r.names, name) {
		return
	}
	s := &r.operations[r.targetStep]
	if len(s.tables) < mostSteps && !slices.Contains(s.tables, name) {
		s.tables = append(s.tables, name)
	}
}

// clean returns the name of a table without quotes, "" when it is not one that
// can be shown.
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
func (r *reader) summary() string {
	if r.open {
		r.closeTarget()
	}
	var b strings.Builder
	for i := range r.operations {
		s := &r.operations[i]
		if len(s.tables) == 0 && s.minor && s != r.main() {
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
func (r *reader) main() *step {
	for i := range r.operations {
		if r.operations[i].depth == 0 {
			return &r.operations[i]
		}
	}
	if len(r.operations) > 0 {
		return &r.operations[0]
	}
	return &step{}
}

func (r *reader) operation() string { return r.main().name }

func (r *reader) collection() string {
	if tables := r.main().tables; len(tables) > 0 {
		return tables[0]
	}
	for _, s := range r.operations {
		if len(s.tables) > 0 {
			return s.tables[0]
		}
	}
	return ""
}
