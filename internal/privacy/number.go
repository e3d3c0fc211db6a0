package privacy

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// MaskedNumber replaces a personal number that is a number and not text. It does not begin with
// a possible date. It is a number, so a log index accepts it in a field for numbers.
const MaskedNumber = 99999999999

// Number reports whether n or -n is a personal number. A number has no leading zero, so a
// personal number that starts with 0 has ten digits here. With ten digits, the month must be from
// 1 to 12. Otherwise current Unix times in seconds would look like personal numbers, because some
// kinds of personal numbers add a constant to the month.
func Number(n int64) bool {
	if n < 0 {
		n = -n
	}
	day, month := int(n/1e9), int(n/1e7%100)
	switch {
	case n < 1e9 || n >= 1e11:
		return false
	case n < 1e10:
		return month <= 12 && isDay(day, month)
	}
	return isDay(day, month)
}

// Float is like [Number]. Its argument is a float. A float with a fraction is never a personal
// number.
func Float(f float64) bool {
	return math.Abs(f) < 1e11 && f == math.Trunc(f) && Number(int64(f))
}

// Key is like [Text]. Its argument is the key of an attribute or of a map. The key may be a number
// that was converted to text. So a key with ten digits can be a personal number too, as in
// [Number].
func (n *Names) Key(key string) string {
	if IsNumber(key) {
		return Masked
	}
	return n.Text(key)
}

// IsNumber reports whether text is a personal number without its leading zero. It consists of ten
// digits, and [Number] returns true for it.
func IsNumber(text string) bool {
	if len(text) != 10 || !isDigit(text[0]) {
		return false // most keys end here, because ParseInt allocates an error
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && Number(n)
}

// Counts reports whether name is the name of an offset or a size in the semantic conventions. A
// number with such a name counts something, so it is not masked even if it looks like a
// personal number.
func Counts(name string) bool {
	return strings.HasSuffix(name, ".offset") || strings.HasSuffix(name, ".size")
}

// maskShort masks personal numbers in a line of JSON. It masks only numbers that are not written
// with eleven digits. There are two kinds: numbers with ten digits, including keys of a map, and
// numbers with an exponent. maskShort changes line in place.
func maskShort(line []byte) []byte {
	var in jsonString
	out, from := line[:0], 0
	for start, end := nextShort(line, 0); start >= 0; start, end = nextShort(line, end) {
		mask := maskedNumber
		switch {
		case in.at(line, start):
			if end-start != 10 || line[start-1] != '"' || !bytes.HasPrefix(line[end:], []byte(`":`)) || !isShort(line, start, end) {
				continue
			}
			mask = Masked
		case countsAt(line, start), !isShort(line, start, end):
			continue
		}
		out = append(append(out, line[from:start]...), mask[:min(len(mask), end-start)]...)
		in.pos, from = end, end // the bytes before end may be overwritten
	}
	return append(out, line[from:]...)
}

// nextShort returns the start and the end of the next number with ten digits or with an
// exponent. The number may be inside or outside a string. nextShort returns -1 if there is no
// such number.
func nextShort(line []byte, from int) (start, end int) {
	for i := from + 5; i < len(line); i += 6 {
		if !isDigit(line[i]) {
			continue
		}
		start, i = digitsAround(line, from, i)
		switch {
		case i < len(line) && line[i]|0x20 == 'e':
			if start, end = withExponent(line, from, start, i); beginsValue(line, start) {
				return start, end
			}
		case i-start == 10 && beginsValue(line, start):
			return start, i
		}
	}
	return -1, -1
}

// beginsValue is a fast check. If it returns false, no JSON number and no key begins at i.
func beginsValue(line []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch line[i-1] {
	case ':', ',', '[', '-', ' ', '\n', '\t', '"':
		return true
	}
	return false
}

// withExponent returns the start and the end of a number with an exponent. line[start:end] are
// the digits directly before the exponent. A point and more digits may come before these digits.
func withExponent(line []byte, from, start, end int) (first, last int) {
	for start > from && (isDigit(line[start-1]) || line[start-1] == '.') {
		start--
	}
	for end++; end < len(line) && (isDigit(line[end]) || line[end] == '+' || line[end] == '-'); end++ {
	}
	return start, end
}

// isShort reports whether line[start:end] is a personal number. nextShort must have returned
// start and end. A number is not a personal number if it has a fraction other than zero.
func isShort(line []byte, start, end int) bool {
	if end-start != 10 || digitsEnd(line, start) != end {
		f, err := strconv.ParseFloat(string(line[start:end]), 64)
		return err == nil && Float(f)
	}
	n := int64(0)
	for _, c := range line[start:end] {
		n = 10*n + int64(c-'0')
	}
	return Number(n) && !hasFraction(line, end)
}

// hasFraction reports whether the number whose integer part ends at end has a fraction other than
// zero.
func hasFraction(line []byte, end int) bool {
	if !hasPrefix(line, end, ".") {
		return false
	}
	for end++; hasPrefix(line, end, "0"); end++ {
	}
	return end < len(line) && isDigit(line[end])
}

// countsAt reports whether the number at start has a name for which [Counts] returns true.
func countsAt(line []byte, start int) bool {
	return bytes.HasSuffix(line[:start], []byte(`.offset":`)) || bytes.HasSuffix(line[:start], []byte(`.size":`))
}
