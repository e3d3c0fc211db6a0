package sqltext

import "strings"

// A writer writes the tokens of one text without the literals. It has one list for the whole
// text, and one list for each open parenthesis.
type writer struct {
	dialect Dialect
	out     strings.Builder
	lists   []itemList // the last list belongs to the innermost parenthesis
	prev    token      // the last token
	gap     bool       // there is space or a comment before the next token
	masked  bool       // a question mark was written for the secret part of the statement
	skip    int        // depth of the parenthesis of a row that is left out; 0 if there is no such row
}

// An itemList is the state inside one open parenthesis.
type itemList struct {
	in      bool // the list follows IN
	values  bool // VALUES was read
	tuples  int
	comma   bool // a comma was read but not written yet
	literal bool // the last item in the list after IN was a literal
}

func (w *writer) top() *itemList { return &w.lists[len(w.lists)-1] }

func (w *writer) write(t token) {
	if t.kind == continuation {
		return
	}
	w.gap = w.gap || t.gap
	w.nest(t)
	switch {
	case t.secret:
		w.mask()
	case w.skipsRow(t):
		w.gap = false
	case w.holdsBack(t):
	case t.kind == literal, t.kind == unreadable:
		w.value(t)
	case t.kind == boolean && w.prev.keyword != kwIs && !strings.EqualFold(w.prev.text, "not"):
		w.put("?")
	default:
		w.put(t.text)
	}
	w.prev = t
}

// nest begins and ends the lists.
func (w *writer) nest(t token) {
	switch t.text {
	case "(":
		w.lists = append(w.lists, itemList{in: w.prev.keyword == kwIn})
	case ")":
		if len(w.lists) > 1 {
			w.lists = w.lists[:len(w.lists)-1]
		}
	case ";":
		w.lists = append(w.lists[:0], itemList{})
		w.masked, w.gap, w.skip = false, false, 0
	default:
		if f := w.top(); t.keyword == kwValues && !t.secret {
			f.values, f.tuples = true, 0
		} else if w.prev.keyword == kwValues {
			f.values = false
		}
	}
}

// mask writes one question mark for all secret tokens of a statement.
func (w *writer) mask() {
	if !w.masked {
		w.masked, w.gap = true, true
		w.put("?")
	}
}

// put writes text. If there was a space or a comment before text, put first writes a space.
func (w *writer) put(text string) {
	if w.gap && w.out.Len() > 0 {
		w.out.WriteByte(' ')
	}
	w.gap = false
	w.out.WriteString(text)
}

// value writes a question mark for a literal. If the literal begins with a plus or minus
// sign that is an operator, the sign is also written. The number of a numbered parameter is
// written unchanged.
func (w *writer) value(t token) {
	sign := t.kind == literal && (t.text[0] == '-' || t.text[0] == '+')
	switch {
	case w.dialect == SQLite && !t.gap && w.prev.text == "?" && isDigit(t.text[0]):
		w.put(t.text)
	case sign && (w.prev.kind == word && w.prev.keyword == none || w.prev.kind >= quoted && w.prev.kind <= param ||
		w.prev.kind == literal || w.prev.text == ")"):
		w.put(t.text[:1] + "?")
	default:
		w.put("?")
	}
}

// skipsRow reports whether t belongs to a row of VALUES that is left out. Only the first
// row is written.
func (w *writer) skipsRow(t token) bool {
	if w.skip > 0 {
		if len(w.lists) == w.skip && t.text == ")" {
			w.skip = 0
		}
		return true
	}
	if t.text != "(" || len(w.lists) < 2 {
		return false
	}
	f := &w.lists[len(w.lists)-2]
	if !f.values || w.prev.keyword != kwValues && w.prev.text != "," {
		return false
	}
	f.tuples++
	if f.tuples == 1 {
		return false
	}
	f.comma = false
	w.skip = len(w.lists) - 1
	return true
}

// holdsBack reports whether t must not be written now. If t is a comma between two rows of
// VALUES, it may be written later. In a list after IN, a literal or a parameter is never
// written if it follows another literal or parameter.
func (w *writer) holdsBack(t token) bool {
	f := w.top()
	item := t.kind == literal || t.kind == param || t.kind == boolean || t.text == "?"
	if t.text == "," && (f.values && w.prev.text == ")" || f.in && f.literal) {
		f.comma = true
		return true
	}
	if f.in && f.comma && item {
		f.comma, w.gap = false, false
		return true
	}
	if f.comma {
		f.comma = false
		w.out.WriteByte(',')
	}
	if f.tuples > 0 && w.prev.text == ")" && t.text != "," {
		f.values, f.tuples = false, 0
	}
	f.literal = f.in && item && (w.prev.text == "(" || w.prev.text == ",")
	return false
}
