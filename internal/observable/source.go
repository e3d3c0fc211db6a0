package observable

import "go.opentelemetry.io/otel/metric"

// A Source is something whose values are observed, such as a connection pool. Its methods may
// be called by several goroutines at the same time. The methods of a nil Source do nothing.
type Source struct {
	observe Observe
	group   *group
}

// Observe reports the values of a source to o. It is called at each collection, and once more
// when the source is closed. It must use only the instruments that were passed to [Register].
type Observe func(o metric.Observer) State

// A State describes the values that a source has reported.
type State int

const (
	// Open means that the values are current.
	Open State = iota
	// Ended means that the values are the last values of a source that may be closed. If it is
	// not closed, it may report other values later.
	Ended
	// Closed means that the values are the last values of a source that is closed. It is not
	// observed again.
	Closed
)

// Register makes observe report values of the instruments at each collection, until the source
// is closed. All instruments must be instruments of the meter m. If Register returns an error,
// some of the instruments may still be reported. Register must not be called during a
// collection.
func Register(m metric.Meter, observe Observe, instruments ...metric.Observable) (*Source, error) {
	g, err := groupOf(m, instruments)
	s := &Source{observe, g}
	g.add(s)
	return s, err
}

// Close ends the source. Its last values are observed now, and reported at the next
// collection.
func (s *Source) Close() {
	if s == nil || !s.group.has(s) {
		return
	}
	last := values{}
	if s.group.shared {
		s.observe(recorder{values: last})
	}
	s.group.remove(s, last)
}

// Discard ends the source. Its last values are not reported.
func (s *Source) Discard() {
	if s != nil {
		s.group.remove(s, nil)
	}
}
