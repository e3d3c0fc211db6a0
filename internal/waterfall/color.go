package waterfall

// A color is the parameter of the escape sequence that selects it.
type color string

const (
	plain  color = ""
	bold   color = "1"
	faint  color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
)

// palette has the colours of services. Red is not one of them, because it is the colour of
// errors.
var palette = []color{"36", "34", "35", "32", "33", "96", "94", "95"}

func (c color) paint(s string) string {
	if c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}
