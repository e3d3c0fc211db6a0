package privacy

// pairs finds the text of names of credentials where name and value stand as in
// JSON, in what Go prints, or in a header:
//
//	{"access_token":"x"}, {"Cookie":["x"]}, also escaped, as JSON is within JSON
//	{Token:"x"}, map[Token:x Cookie:[x]]
//	Cookie: a=x
//
// Numbers, true, false and null are no credentials.
type pairs[T text] struct {
	line  bool // s is JSON, so that a quote without a backslash ends a text
	level int  // of the quotes in the list or object that is being read
	past  int  // how far it has been read
	close int  // its end, 0 if none is being read
}

// next returns the bounds of the next value at or after from, or -1.
func (p *pairs[T]) next(s T, from int) (start, end int) {
	for {
		if p.past < p.close {
			if start, end = p.inside(s); start >= 0 {
				return start, end
			}
			from = p.close
		}
		colon := indexByte(s, from, ':')
		if colon == len(s) {
			return -1, -1
		}
		if start, end = p.value(s, colon); start < end {
			return start, end
		}
		from = max(colon+1, end)
	}
}

// value returns the bounds of the value behind the colon. They are equal if it is
// none of a credential, or a list or object whose values are to be read.
func (p *pairs[T]) value(s T, colon int) (start, end int) {
	name, start := colon, colon+1
	for name > 0 && s[name-1] == ' ' {
		name--
	}
	if name == 0 {
		return start, start
	}
	level, quoted := 0, s[name-1] == '"'
	if quoted {
		level = levelOf(s, name-1)
		name -= 1 + level
	}
	if name <= 0 || !endsInSecret(s, name) {
		return start, start
	}
	for start < len(s) && isBlank(s[start]) {
		start++
	}
	switch {
	case quoted:
		return p.quotedValue(s, start, level)
	case start == colon+1:
		return p.printedValue(s, start)
	default:
		return p.headerValue(s, start, name)
	}
}

// quotedValue is value behind a name between quotes of that level.
func (p *pairs[T]) quotedValue(s T, i, level int) (start, end int) {
	if quote := i + level; quote < len(s) && s[quote] == '"' && levelOf(s, quote) == level {
		return quote + 1, stringEnd(s, quote+1, level)
	}
	if i < len(s) && (s[i] == '[' || s[i] == '{') {
		p.level, p.past, p.close = level, i, containerEnd(s, i, level)
	}
	return i, i
}

// printedValue is value behind a name without quotes and a colon without a space.
func (p *pairs[T]) printedValue(s T, i int) (start, end int) {
	start, end = p.textValue(s, i)
	switch {
	case start < end:
		return start, end
	case i == len(s) || s[i] == ':' || hasPrefix(s, i, "//"): // token::text in SQL
		return i, i
	case s[i] == '[':
		for end = i + 1; end < len(s) && s[end] != ']' && !endsLine(s, end); {
			end++
		}
		return i + 1, end
	}
	isNumber := true
	for end = i; end < len(s) && !endsPrinted(s[end]); end++ {
		isNumber = isNumber && isDigit(s[end])
	}
	if isNumber || isConstant(string(s[i:end])) {
		return end, end
	}
	return i, end
}

// headerValue is value behind a name without quotes, a colon and a space. Prose has
// the same form ("invalid token: it has expired"), so the names are those of headers.
func (p *pairs[T]) headerValue(s T, i, name int) (start, end int) {
	if start, end = p.textValue(s, i); start < end {
		return start, end
	}
	isCookie := endsIn(s, name, "cookie")
	if !isCookie && !endsIn(s, name, "authorization") {
		return i, i
	}
	hasValue := false
	for end = i; end < len(s) && !endsLine(s, end); end++ {
		hasValue = hasValue || s[end] == '='
	}
	if isCookie && !hasValue {
		return end, end
	}
	return i, end
}

// textValue returns the bounds of the text between quotes at i, equal for none.
func (p *pairs[T]) textValue(s T, i int) (start, end int) {
	quote := i
	for quote < len(s) && s[quote] == '\\' {
		quote++
	}
	if quote == len(s) || s[quote] != '"' || levelOf(s, quote) != quote-i || p.line && quote == i {
		return i, i
	}
	return quote + 1, stringEnd(s, quote+1, quote-i)
}

// inside returns the bounds of the next text in the list or object, or -1.
func (p *pairs[T]) inside(s T) (start, end int) {
	for {
		quote := indexByte(s, p.past, '"')
		if quote >= p.close {
			p.past = p.close
			return -1, -1
		}
		start = quote + 1
		end = stringEnd(s, start, p.level)
		p.past = min(end+p.level+1, len(s))
		if start < end && !hasPrefix(s, p.past, ":") { // a name
			return start, end
		}
	}
}

// containerEnd returns the end of the list or object at i, whose quotes are of that
// level.
func containerEnd[T text](s T, i, level int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i
			}
		case '"':
			of := levelOf(s, i)
			if of < level {
				return i
			}
			if of == level {
				i = stringEnd(s, i+1, level) + level
			}
		}
	}
	return len(s)
}

// stringEnd returns the end of the text that begins at i between quotes of that
// level, or of the text that it is in.
func stringEnd[T text](s T, i, level int) int {
	for {
		quote := indexByte(s, i, '"')
		if quote == len(s) {
			return quote
		}
		if of := levelOf(s, quote); of <= level {
			return max(i, quote-of)
		}
		i = quote + 1
	}
}

// levelOf returns how many backslashes belong to the quote at i: 0, 1 in JSON within
// JSON, 3 in JSON within that. What precedes them is an escaped backslash.
func levelOf[T text](s T, i int) int {
	n := 0
	for n < i && s[i-1-n] == '\\' {
		n++
	}
	return (n ^ (n + 1)) >> 1
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// endsLine reports whether a line or a text ends at i.
func endsLine[T text](s T, i int) bool {
	switch s[i] {
	case '\n', '\r', '"':
		return true
	case '\\':
		return !hasPrefix(s, i+1, "u")
	}
	return false
}

// endsPrinted reports whether c ends a value that Go prints without quotes.
func endsPrinted(c byte) bool {
	switch c {
	case ',', '}', ']', ')', '"', '\\', '\'', '`':
		return true
	}
	return c <= ' '
}

func isConstant(text string) bool {
	switch text {
	case "true", "false", "nil", "null", "<nil>":
		return true
	}
	return false
}
