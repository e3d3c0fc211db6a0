//go:build fault

package load_test

import "time"

const scale = 1

const burst = 1_000_000

const (
	matrixSpans  = 5000
	matrixOutage = 5 * time.Second
	matrixWidth  = 4
)

var matrixSkips, matrixEnv []string
