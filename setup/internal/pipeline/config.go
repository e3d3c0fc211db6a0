package pipeline

import (
	"time"

	"google.golang.org/grpc"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

// Config is where spans go, and what may wait. Every field is needed, except those whose
// zero value has a meaning here.
type Config struct {
	// Dial prepares a connection, which is the processor's own. It is called
	// again when one has to be replaced.
	Dial     func() (*grpc.ClientConn, error)
	Encoding *otlp.Common
	Stats    *spanstats.Stats
	Trouble  Trouble
	Headers  map[string]string

	// Timeout bounds one request, and for how long a batch is sent again that the
	// collector does not take although it takes others.
	Timeout time.Duration
	// Delay is how long a span waits for others.
	Delay time.Duration
	// Bytes is the memory for what waits. It may change, and is called while
	// spans end.
	Bytes func() int
	// MostSpans is how many may wait; zero means no bound except the memory.
	MostSpans int
	// BatchSpans is how many a request has at most, and that many are sent at
	// once; zero means that bytes alone count.
	BatchSpans int
}

// Trouble receives reports of what goes wrong. None of its methods is called while a
// span ends.
type Trouble interface {
	// Outage is called again and again while the collector cannot be reached.
	Outage(err error)
	// GaveUp reports why spans were dropped that the collector was to have.
	GaveUp(err error)
	// Warning reports a message of the collector about what it took.
	Warning(message string)
	// Dropped reports that the stats may have more drops than before.
	Dropped()
}
