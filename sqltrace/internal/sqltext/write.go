package sqltext

import "strings"

func (r *reader) write(t token) {
	if r.skipsRow(t) {
		r.gap = false
		return
	}
	if r.holdsBack(t) {
		return
	}
	switch t.kind {
	case literal, unreadable:
		r.value(t)
	case boolean:
		if r.prevWord == kwIs || strings.EqualFold(r.prev.text, "not") {
			r.put(t.text)
		} else {
			r.put("?")
		}
	default:
		r.put(t.text)
	}
}

func (r *reader) mask() {
	if !r.masked {
		r.masked, r.gap = true, true
		r.put("?")
	}
}

// put writes text. If there was a space or a comment before text, put first writes a space.
func (r *reader) put(text string) {
	if r.gap && r.out.Len() > 0 {
		r.out.WriteByte(' ')
	}
	r.gap = false
	r.out.WriteString(text)
}

// value writes a question mark for a literal. If the literal begins with a plus or minus
// sign that is an operator, the sign is also written. The number of a numbered parameter is
// written unchanged.
func (r *reader) value(t token) {
	sign := t.kind == literal && (t.text[0] == '-' || t.text[0] == '+')
	switch {
	case r.dialect == SQLite && t.glued && !r.gap && r.prev.text == "?" && isDigit(t.text[0]):
		r.put(t.text)
	case sign && (r.prev.kind == word && r.prevWord == none || r.prev.kind >= quoted && r.prev.kind <= param ||
		r.prev.kind == literal || r.prev.text == ")"):
		r.put(t.text[:1] + "?")
	default:
		r.put("?")
	}
}

// skipsRow reports whether t belongs to a row of VALUES that is left out. Only the first
// row is written.
func (r *reader) skipsRow(t token) bool {
	if r.skip > 0 {
		if len(r.frames) == r.skip && t.text == ")" {
			r.skip = 0
		}
		return true
	}
	if t.text != "(" || len(r.frames) < 2 {
		return false
	}
	f := &r.frames[len(r.frames)-2]
	if !f.values || r.prevWord != kwValues && r.prev.text != "," {
		return false
	}
	f.tuples++
	if f.tuples == 1 {
		return false
	}
	f.comma = false
	r.skip = len(r.frames) - 1
	return true
}

// holdsBack reports whether t must not be written now. If t is a comma between two rows of
// VALUES, it may be written later. In a list after IN, a literal or a parameter is never
// written if it follows another literal or parameter.
func (r *reader) holdsBack(t token) bool {
	f := r.top()
	item := t.kind == literal || t.kind == param || t.kind == boolean || t.text == "?"
	if t.text == "," && (f.values && r.prev.text == ")" || f.in && f.literal) {
		f.comma = true
		return true
	}
	if f.in && f.comma && item {
		f.comma, r.gap = false, false
		return true
	}
	if f.comma {
		f.comma = false
		r.out.WriteByte(',')
	}
	if f.tuples > 0 && r.prev.text == ")" && t.text != "," {
		f.values, f.tuples = false, 0
	}
	f.literal = f.in && item && (r.prev.text == "(" || r.prev.text == ",")
	return false
}

// named reports whether an ambiguous token is a name. It is a name if a literal cannot
// occur at this place.
func (r *reader) named(rest string) bool {
	f := r.top()
	switch {
	case f.columns && f.operation == none && (r.dialect != Other || r.prev.text == "(" || r.prev.text == ","), r.prev.kind != literal && strings.HasSuffix(r.prev.text, "."):
		return true
	case f.expect == aTable, f.expect == aTarget, f.expect == aName:
		return f.operation != operation && !isOr(r.prev.text) // for example, VACUUM INTO is followed by a literal
	case r.prevWord == kwAs:
		return kwSelect <= f.operation && f.operation <= kwMerge
	}
	return r.dialect != Other && strings.HasPrefix(rest, ".")
}
