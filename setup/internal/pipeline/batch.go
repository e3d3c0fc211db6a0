package pipeline

import (
	"time"

	"github.com/nais/spor/setup/internal/otlp"
)

// batch is what is sent in one request, and sent again, or in halves, until every
// span of it is finished: delivered or dropped.
type batch struct {
	seq   uint64      // that of its oldest span
	spans []otlp.Span // their bytes are in body
	body  *body
	whole bool // body is a request of all the spans, and of no other

	asked      bool      // the collector has answered, and not taken it
	began      time.Time // the last request
	notBefore  time.Time // when it may be sent again
	unanswered bool      // a request timed out, while the collector was silent
	halving    *Halving  // nil until parts of it are searched for

	failures int           // of its requests
	own      int           // those of them before which the collector accepted others
	accepted uint64        // how many batches the collector had accepted at the last failure
	spent    time.Duration // of the time that it has
	losses   int           // of the collector while the batch was in flight
	suspect  bool          // single spans of it fail, as far as is known
}

// halves returns two batches of the spans of b, without bodies. They share b's.
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

// isAlone reports whether no other batch is to be in flight beside b.
func (b *batch) isAlone() bool { return b.losses > 0 }
