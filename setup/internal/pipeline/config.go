package pipeline

import (
	"time"

	"google.golang.org/grpc"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

// Config says where spans go, and what may wait. All of it is needed, but for
// what has a zero value here.
type Config struct {
	// Dial prepares a connection, which is the processor's own. It is called
	// again when one has to be replaced.
	Dial     func() (*grpc.ClientConn, error)
	Encoding *otlp.Common
	Stats   *spanstats.Stats
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
	// MostSpans is how many may wait; zero means no bound but that of memory.
	MostSpans int
	// BatchSpans is how many a request has at most, and that many are sent at
	// once; zero means that bytes alone count.
	BatchSpans int
}

// Trouble is told what goes wrong. It is never told while a span ends.
type Trouble interface {
	// Outage is told again and again that the collector cannot be reached.
	Outage(err error)
	// GaveUp is told why spans were dropped that the collector was to have.
	GaveUp(err error)
	// Warning is told what the collector had to say about what it took.
	Warning(message string)
	// Dropped is told that the stats may have more drops than before.
	Dropped()
}
