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

// Variable is the name of a standard OpenTelemetry environment variable. With it, a program
// selects the stable conventions or both the stable and the older conventions.
const Variable = "OTEL_SEMCONV_STABILITY_OPT_IN"

// ParseOptIn parses the value of [Variable], which is a list of areas. It returns the areas
// in which only the stable names are used. In an area that is not in the list, both the
// stable and the older names are used. An item of the list may be an area with the suffix
// /dup. In this area too, both the stable and the older names are used, even if another
// item is the same area without the suffix. Unknown items are ignored, because they may be
// meant for other libraries.
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
