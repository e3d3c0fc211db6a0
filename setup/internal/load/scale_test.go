//go:build !fault

package load_test

import "time"

// scale is the factor by which the long tests are shortened.
const scale = 10

// burst is the number of spans that end as fast as possible.
const burst = 200_000

// In each row of TestHostileCollectors, a program ends matrixSpans spans, 1,000 per second.
// The disturbance lasts for matrixOutage, which is longer, so that the end of the outage is
// part of the shutdown. matrixWidth is the number of rows that run at the same time.
const (
	matrixSpans  = 1000
	matrixOutage = 3 * time.Second
	matrixWidth  = 18
)

// matrixSkips contains the moods for which there is no time. They are like another mood,
// except the late answers, which take long.
var matrixSkips = []string{
	"healthy", "connections live 200 ms", "UNAVAILABLE with RetryInfo", "INTERNAL", "large reply", "late answers",
}

// matrixEnv is the environment of the programs. With this delay, also few spans make
// several batches.
var matrixEnv = []string{"OTEL_BSP_SCHEDULE_DELAY", "100"}
