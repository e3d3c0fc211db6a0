package privacy

// pairs finds credentials by their names: the name comes before the value. It reads JSON, text
// that Go prints, and headers:
//
//	{"access_token":"x"}, {"Cookie":["x"]}, also escaped, as in JSON inside a JSON string
//	{Token:"x"}, map[Token:x Cookie:[x]]
//	Cookie: a=x
//
// Numbers, true, false and null are not credentials.
type pairs[T text] struct {
	names *Names
	line  bool // s is a line of JSON, so a quote without a backslash begins or ends a string
	level int  // number of backslashes before each quote in the current list or object
	past  int  // index up to which the current list or object has been read
	close int  // index of the end of the current list or object, 0 if there is none
}

// The method next returns the start and the end of the next value at or after from, or -1 if
// there is no value.
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

// The method value returns the start and the end of the value after the colon. Start and end are
// equal if the value is not a credential. They are also equal if the value is a list or an
// object. In that case, later calls of the method inside find the texts in the list or object.
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
	if name <= 0 || !endsInSecret(s, name, p.names) {
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

// quotedValue does the same as the method value. It is for a name in quotes. level is the number
// of backslashes before each quote.
func (p *pairs[T]) quotedValue(s T, i, level int) (start, end int) {
	if quote := i + level; quote < len(s) && s[quote] == '"' && levelOf(s, quote) == level {
		return quote + 1, stringEnd(s, quote+1, level)
	}
	if i < len(s) && (s[i] == '[' || s[i] == '{') {
		p.level, p.past, p.close = level, i, containerEnd(s, i, level)
	}
	return i, i
}

// printedValue does the same as the method value. It is for a name that is not in quotes, if
// there is no space after the colon.
func (p *pairs[T]) printedValue(s T, i int) (start, end int) {
	start, end = p.textValue(s, i)
	switch {
	case start < end:
		return start, end
	case i == len(s) || s[i] == ':' || hasPrefix(s, i, "//"): // as in token::text, which is SQL
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

// headerValue does the same as the method value. It is for a name that is not in quotes, if
// there is a space after the colon. Some ordinary sentences have the same form ("invalid token:
// it has expired"). So a value without quotes is a credential only if the name ends in Cookie or
// Authorization, as the names of such headers do.
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

// textValue returns the start and the end of the text in quotes at i. They are equal if there
// is no text in quotes at i.
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

// The method inside returns the start and the end of the next text in the current list or
// object. It returns -1 if there is no further text.
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
		if start < end && !hasPrefix(s, p.past, ":") { // if a colon follows, the text is a name
			return start, end
		}
	}
}

// containerEnd returns the end of the list or object that begins at i. level is the number of
// backslashes before each quote in it.
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

// stringEnd returns the end of the string that begins at i. level is the number of backslashes
// before the quotes of the string. A quote with fewer backslashes also ends the string, because
// it ends the outer string that contains this string.
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

// levelOf returns how many of the backslashes before the quote at i belong to the quote. This
// is 0 in JSON, 1 in JSON inside a JSON string, and 3 one level deeper. If there are more
// backslashes, the others are escaped backslashes.
func levelOf[T text](s T, i int) int {
	n := 0
	for n < i && s[i-1-n] == '\\' {
		n++
	}
	return (n ^ (n + 1)) >> 1
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func endsLine[T text](s T, i int) bool {
	switch s[i] {
	case '\n', '\r', '"':
		return true
	case '\\':
		return !hasPrefix(s, i+1, "u")
	}
	return false
}

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
