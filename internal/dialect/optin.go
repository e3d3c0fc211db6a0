package dialect

import "strings"

// An Area is a set of conventions that changes its names as one.
type Area uint8

// The areas that have twins.
const (
	HTTP Area = 1 << iota
	Database
	RPC
	Messaging
)

// Variable is the standard variable by which a program chooses its conventions.
const Variable = "OTEL_SEMCONV_STABILITY_OPT_IN"

// ParseOptIn reads the value of [Variable]: a list of areas for which the stable
// names alone are wanted. With /dup after it, an area has both, which is the
// default for all; that wins where both forms are given. Items that are no area
// here, such as those for other signals, are left to others.
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
