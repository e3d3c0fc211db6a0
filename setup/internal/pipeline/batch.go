package pipeline

import (
	"time"

	"github.com/nais/spor/setup/internal/otlp"
)

// batch is a group of spans that are sent in one request. The batch is sent again, or
// divided into halves, until each of its spans is delivered or dropped.
type batch struct {
	seq   uint64      // sequence number of the chunk that contained the oldest span of the batch
	spans []otlp.Span // the field Bytes of each span is a slice of the body
	body  *body
	whole bool // body is a request with exactly the spans in the field spans

	asked     bool      // the collector has answered a request, but has not accepted the batch
	began     time.Time // start of the last request
	notBefore time.Time // earliest time of the next request
	late      bool      // a request timed out
	halving   *Halving  // search for the spans that fail; nil before the search starts

	failures int
	own      int           // number of own failures; export.retry explains them
	accepted uint64        // number of accepted batches at the time of the last failure or division
	spent    time.Duration // how much of the time limit is used, see export.timeFor
	losses   int           // how often the collector was lost while the batch was in flight
	lostAt   time.Time     // time of the last loss
	suspect  bool          // probably the collector refuses only some spans of the batch

	allLosses int // also those that do not count, see export.lose
}

// The method halves divides the spans of b into two batches. The new batches have no body
// yet. The bytes of their spans are still in the body of b.
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

func (b *batch) isDue(now time.Time) bool { return !b.notBefore.After(now) }

// isAlone reports whether b must be the only batch in flight.
func (b *batch) isAlone() bool { return b.losses > 0 }
