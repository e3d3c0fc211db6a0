package db

import (
	"regexp"
	"sync"
)

// collections limits the number of different collections in the metrics of one database. The zero
// value is ready for use. Several goroutines may use it at the same time.
type collections struct {
	mu    sync.Mutex
	known map[string]bool
}

// mostCollections is the maximum number of different collections in the metrics of one database.
// Series with more collections have no collection. A program that creates tables with new names
// would otherwise use up the limit of the SDK, and its other tables would have no series.
const mostCollections = 500

// measured returns the collection for metrics. It is the folded name, or "" if there are too many.
func (c *collections) measured(name string) string {
	name = fold(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if name == "" || c.known[name] {
		return name
	}
	if len(c.known) == mostCollections {
		return ""
	}
	if c.known == nil {
		c.known = make(map[string]bool)
	}
	c.known[name] = true
	return name
}

var (
	parts    = regexp.MustCompile(`[0-9A-Za-z?\x{80}-\x{10FFFF}]+`) // a name without separators
	hex      = regexp.MustCompile(`^[0-9A-Fa-f]{6,}$`)
	decimals = regexp.MustCompile(`[0-9]{2,}`)
	digit    = regexp.MustCompile(`[0-9]`)
)

// fold replaces the parts of a name that a program generates by question marks. These are
// hexadecimal numbers of six or more digits, and decimal numbers of two or more digits.
func fold(name string) string {
	if !digit.MatchString(name) {
		return name
	}
	return parts.ReplaceAllStringFunc(name, func(part string) string {
		if hex.MatchString(part) && digit.MatchString(part) {
			return "?"
		}
		return decimals.ReplaceAllString(part, "?")
	})
}
