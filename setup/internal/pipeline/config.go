package pipeline

import (
	"time"

	"google.golang.org/grpc"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

// Config configures a [Processor]. Every field must be set, except the fields for which a
// zero value is documented.
type Config struct {
	// Dial makes a connection, which the processor owns. It is called again if the
	// connection has to be replaced.
	Dial     func() (*grpc.ClientConn, error)
	Encoding *otlp.Common
	Stats    *spanstats.Stats
	Trouble  Trouble
	Headers  map[string]string

	// Timeout is the timeout of one request. It also limits how long a batch is sent again
	// while the collector accepts other batches, but not this one.
	Timeout time.Duration
	// Delay is the time that a span waits for more spans before it is sent.
	Delay time.Duration
	// Bytes returns the maximum number of bytes of memory for spans that wait. The value may
	// change. Bytes is called while spans end.
	Bytes func() int
	// MostSpans is the maximum number of spans that may wait. Zero means that only Bytes
	// limits them.
	MostSpans int
	// BatchSpans is the maximum number of spans in a request. When that many spans wait,
	// they are sent immediately. Zero means that only the number of bytes decides.
	BatchSpans int
}

// Trouble receives reports of problems. Its methods are never called while a span ends.
type Trouble interface {
	// Outage is called repeatedly while the collector cannot be reached.
	Outage(err error)
	// GaveUp reports why spans were dropped after the processor tried to send them.
	GaveUp(err error)
	// Warning reports a warning that the collector returned for a request that it accepted.
	Warning(message string)
	// Dropped reports that the number of dropped spans in the stats may have grown.
	Dropped()
}
