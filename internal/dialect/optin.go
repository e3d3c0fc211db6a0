package dialect

import "strings"

// An Area is a group of semantic conventions whose names change at the same time.
type Area uint8

// The areas that have older names.
const (
	HTTP Area = 1 << iota
	Database
	RPC
	Messaging
)

// Variable is the standard environment variable with which a program chooses its
// conventions.
const Variable = "OTEL_SEMCONV_STABILITY_OPT_IN"

// ParseOptIn parses the value of [Variable], a list of areas. In the areas of the list,
// only the stable names are used. Areas that are not in the list have both the stable and
// the older names. An area followed by /dup has both names too, even if the list also
// contains it without /dup. Unknown items are ignored, because they may be meant for other
// libraries.
func ParseOptIn(value string) (stableOnly Area) {
	var both Area
	for item := range strings.SplitSeq(value, ",") {
		name, dup := strings.CutSuffix(strings.ToLower(strings.TrimSpace(item)), "/dup")
		area := areas[name]
		if dup {
			both |= area
		} else {
			stableOnly |= area
		}
	}
	return stableOnly &^ both
}

var areas = map[string]Area{
	"http":      HTTP,
	"database":  Database,
	"rpc":       RPC,
	"messaging": Messaging,
}
