package privacy

// The type credentials looks for parameters of a URL that contain credentials. It finds the
// values of these parameters.
type credentials struct {
	raw      string
	names    *Names
	pos      int
	pastPath bool // pos is after the path; there, a slash does not end a value
}

// The method next returns the start and the end of the next value. ok is false if there is no
// further value.
func (c *credentials) next() (start, end int, ok bool) {
	if !c.pastPath {
		c.toSeparator()
	}
	var key name
	for c.pos < len(c.raw) {
		char, level, width := urlChar(c.raw, c.pos)
		c.pos += width
		switch {
		case isSeparator(char):
			c.pastPath = c.pastPath || char == '?' || char == '#'
			key = name{}
		case char != '=':
			key.add(char)
		default:
			if shortest := key.shortest(c.names); shortest > 0 {
				start, end = c.pos, c.valueEnd(level)
				if c.pos = end; end-start >= shortest {
					return start, end, true
				}
			}
			c.toSeparator()
		}
	}
	return 0, 0, false
}

// toSeparator moves pos to the next separator, or to the end if there is no separator.
func (c *credentials) toSeparator() {
	for c.pos < len(c.raw) {
		switch c.raw[c.pos] {
		case '&', '?', ';', '#':
			return
		case '%', '\\':
			char, _, width := urlChar(c.raw, c.pos)
			if isSeparator(char) {
				return
			}
			c.pos += width
		default:
			c.pos++
		}
	}
}

// valueEnd returns the end of the value that begins at pos. level is how many times the
// parameter was encoded. If a separator was encoded more often, it is a part of the value.
func (c *credentials) valueEnd(level int) int {
	for i := c.pos; i < len(c.raw); {
		char, of, width := urlChar(c.raw, i)
		if of <= level && c.ends(char, i+width) {
			return i
		}
		i += width
	}
	return len(c.raw)
}

// The method ends reports whether the character char ends a value. rest is the index after this
// character.
func (c *credentials) ends(char rune, rest int) bool {
	switch char {
	case '&', '#':
		return true
	case ';':
		return hasParameter(c.raw[rest:])
	case '?', '/':
		return !c.pastPath
	}
	return false
}

// hasParameter reports whether s contains an equals sign before the first separator.
func hasParameter(s string) bool {
	for i := 0; i < len(s); {
		c, _, width := urlChar(s, i)
		if c == '=' || isSeparator(c) {
			return c == '='
		}
		i += width
	}
	return false
}

// urlChar is like [char]. It also returns level, which is how many times the character was
// percent-encoded.
func urlChar(s string, i int) (c rune, level, width int) {
	if b := s[i]; b != '%' && b != '\\' {
		return rune(b), 0, 1
	}
	c, width = char(s, i)
	if s[i] == '%' {
		level = (width - 1) / 2
	}
	return c, level, width
}

func isSeparator(c rune) bool {
	return c == '&' || c == '?' || c == ';' || c == '#'
}
