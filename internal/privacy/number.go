package privacy

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// MaskedNumber stands where a personal number stood that was a number and no text.
// It begins with no date, and an index that knows the field as a number takes it.
const MaskedNumber = 99999999999

// Number reports whether n is a personal number. A number has lost a leading zero,
// so ten digits count too, but only with a month of 1 to 12: with the months that
// other kinds of numbers have, the seconds since 1970 of today would count.
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

// Float is [Number] for a float, which is none if it has a fraction.
func Float(f float64) bool {
	return math.Abs(f) < 1e11 && f == math.Trunc(f) && Number(int64(f))
}

// Key is [Text] for the key of a map that may have been a number.
func Key(key string) string {
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && Number(n) {
		return Masked
	}
	return Text(key)
}

// Counts reports whether a number of that name counts something, however much it
// looks like a personal number: the offsets and sizes of the semantic conventions.
func Counts(name string) bool {
	return strings.HasSuffix(name, ".offset") || strings.HasSuffix(name, ".size")
}

// maskShort masks in place the personal numbers in a line of JSON that are no eleven
// digits: those of ten digits, also as the key of a map, and those with an exponent.
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
		in.pos, from = end, end // what precedes is overwritten
	}
	return append(out, line[from:]...)
}

// nextShort returns the bounds of the next number of ten digits, or with an exponent,
// wherever it stands.
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

// beginsValue is a fast no: a number of JSON, or a key, can begin at i.
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

// withExponent returns the bounds of the number that has the digits [start, end) and
// an exponent behind them.
func withExponent(line []byte, from, start, end int) (first, last int) {
	for start > from && (isDigit(line[start-1]) || line[start-1] == '.') {
		start--
	}
	for end++; end < len(line) && (isDigit(line[end]) || line[end] == '+' || line[end] == '-'); end++ {
	}
	return start, end
}

// isShort reports whether line[start:end], as nextShort returns it, is a personal
// number: with a fraction it is none.
func isShort(line []byte, start, end int) bool {
	if end-start != 10 || digitsEnd(line, start) != end {
		f, err := strconv.ParseFloat(string(line[start:end]), 64)
		return err == nil && Float(f)
	}
	n := int64(0)
	for _, c := range line[start:end] {
		n = 10*n + int64(c-'0')
	}
	if hasPrefix(line, end, ".") {
		for end++; hasPrefix(line, end, "0"); end++ {
		}
	}
	return Number(n) && (end == len(line) || !isDigit(line[end]))
}

// countsAt reports whether the number at start is the value of a name that [Counts].
func countsAt(line []byte, start int) bool {
	return bytes.HasSuffix(line[:start], []byte(`.offset":`)) || bytes.HasSuffix(line[:start], []byte(`.size":`))
}
