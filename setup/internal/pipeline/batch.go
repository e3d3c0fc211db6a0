package pipeline

import (
	"time"

	"github.com/nais/spor/setup/internal/otlp"
)

// batch is a group of spans that are sent in one request. The batch is sent again, or
// divided into halves, until each of its spans is delivered or dropped.
type batch struct {
	seq   uint64      // the sequence number of the chunk with its oldest span
	spans []otlp.Span // their Bytes are slices of the body
	body  *body
	whole bool // body is a request with exactly these spans

	asked      bool      // the collector has answered a request without accepting it
	began      time.Time // start of the last request
	notBefore  time.Time // earliest time of the next request
	unanswered bool      // a request timed out, and the collector sent no answer in that time
	halving    *Halving  // nil until the batch is divided to find spans

	failures int           // number of failed requests
	own      int           // number of own failures, see export.retry
	accepted uint64        // number of batches that the collector had accepted at the last failure
	spent    time.Duration // part of the batch's time limit that is used
	losses   int           // how often the collector was lost while the batch was in flight
	suspect  bool          // probably only some spans of the batch fail
}

// halves divides the spans of b into two batches without bodies. Their spans still use the
// body of b.
func (b *batch) halves() (first, second *batch) {
	middle := len(b.spans) / 2
	first, second = &batch{}, &batch{}
	*first, *second = *b, *b
	first.spans, second.spans = b.spans[:middle:middle], b.spans[middle:]
	first.whole, second.whole = false, false
	first.body, second.body = nil, nil
	for _, half := range []*batch{first, second} {
		half.failures, half.own = 0, 0
	}
	return first, second
}

// isDue reports whether b may be sent again.
func (b *batch) isDue(now time.Time) bool { return !b.notBefore.After(now) }

// isAlone reports whether b must be the only batch in flight.
func (b *batch) isAlone() bool { return b.losses > 0 }
