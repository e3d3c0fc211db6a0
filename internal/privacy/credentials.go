package privacy

// credentials walks over the values of a URL's credential parameters.
type credentials struct {
	raw      string
	pos      int
	pastPath bool // in the path a slash ends a value
}

// next returns the bounds of the next such value.
func (c *credentials) next() (start, end int, ok bool) {
	var key name
	inValue := false
	for c.pos < len(c.raw) {
		char, width := char(c.raw, c.pos)
		c.pos += width
		switch {
		case isSeparator(char):
			key, inValue = name{}, false
			c.pastPath = c.pastPath || char == '?' || char == '#'
		case inValue:
		case char == '=':
			end := c.valueEnd(level(c.raw[c.pos-width], width))
			if key.isCredential(end - c.pos) {
				start, c.pos = c.pos, end
				return start, end, true
			}
			inValue = true
		default:
			key.add(char)
		}
	}
	return 0, 0, false
}

// valueEnd returns where the value that begins at pos ends, if its parameter was
// encoded as often as level says: separators encoded more often are part of it.
func (c *credentials) valueEnd(of int) int {
	for i := c.pos; i < len(c.raw); {
		char, width := char(c.raw, i)
		if level(c.raw[i], width) <= of && c.ends(char, i+width) {
			return i
		}
		i += width
	}
	return len(c.raw)
}

// ends reports whether the character before rest ends a value.
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

// hasParameter reports whether a parameter with an equals sign comes before the
// next separator.
func hasParameter(s string) bool {
	for i := 0; i < len(s); {
		c, width := char(s, i)
		switch {
		case c == '=':
			return true
		case isSeparator(c):
			return false
		}
		i += width
	}
	return false
}

func isSeparator(c rune) bool {
	return c == '&' || c == '?' || c == ';' || c == '#'
}

// level returns how often a character was percent-encoded that is so many bytes
// long and begins with first.
func level(first byte, width int) int {
	if first != '%' {
		return 0
	}
	return (width - 1) / 2
}
