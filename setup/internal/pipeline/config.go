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
	// Dial makes a connection. The processor closes the connection. Dial is called again if
	// the connection must be replaced.
	Dial     func() (*grpc.ClientConn, error)
	Encoding *otlp.Common
	Stats    *spanstats.Stats
	Trouble  Trouble
	Headers  map[string]string

	// Timeout is the timeout of one request. It has a second use if the collector accepts
	// other batches, but not a certain batch. For such a batch, Timeout also limits the
	// time during which the batch is sent again and again.
	Timeout time.Duration
	// Delay is the maximum time that a span waits for more spans before it is sent.
	Delay time.Duration
	// Bytes returns the maximum number of bytes of memory for waiting spans. The value may
	// change. Bytes is called when a span ends, so it must be fast.
	Bytes func() int
	// ValueLength is the length, in characters, at which the SDK cuts the values of attributes.
	// A value of this length may keep a much longer text in memory, so such a span is encoded
	// when it ends. Zero and negative numbers mean that the SDK does not cut values.
	ValueLength int
	// MostSpans is the maximum number of waiting spans. Zero means that only Bytes limits
	// the waiting spans.
	MostSpans int
	// BatchSpans is the maximum number of spans in a request. When that many spans wait,
	// they are sent immediately. Zero means that the number of spans in a request is not
	// limited.
	BatchSpans int
}

// Trouble receives reports of problems. Ending a span never calls the methods of Trouble.
type Trouble interface {
	// Outage is called repeatedly while the collector cannot be reached.
	Outage(err error)
	// GaveUp reports why spans were dropped after the processor tried to send them.
	GaveUp(err error)
	// Warning reports a warning from the collector. The collector has accepted the request
	// to which it returned the warning.
	Warning(message string)
	// WasReachable reports whether there is a connection to the collector, or was one a short
	// time ago.
	WasReachable() bool
	// Dropped reports that the number of dropped spans in the stats may have grown.
	Dropped()
}
