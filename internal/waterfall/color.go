package waterfall

// A color is the parameter of an escape sequence. The escape sequence selects this colour.
type color string

const (
	plain  color = ""
	bold   color = "1"
	faint  color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
)

// palette contains the colours of services. It does not contain red, because errors are red.
var palette = []color{"36", "34", "35", "32", "33", "96", "94", "95"}

func (c color) paint(s string) string {
	if c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}
