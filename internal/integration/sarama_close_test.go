package integration

import (
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// saramaPanics is told what panics in sarama's goroutines, if somebody asks.
var saramaPanics atomic.Pointer[chan any]

// Clients of tests that are over read the handler still, so that it is set once.
func init() {
	sarama.PanicHandler = func(p any) {
		told := saramaPanics.Load()
		if told == nil {
			panic(p)
		}
		*told <- p
	}
}

// TestSaramaClosedTwice closes a producer that is closed, which sarama reports to
// its PanicHandler: with the kit as often as without.
func TestSaramaClosedTwice(t *testing.T) {
	panics := make(chan any, 10)
	saramaPanics.Store(&panics)
	t.Cleanup(func() { saramaPanics.Store(nil) })
	config := saramaConfig(conformance.KafkaProducing{})
	for _, wrapped := range []bool{false, true} {
		p, err := sarama.NewAsyncProducer(fakeCluster(t).Brokers(), config)
		if err != nil {
			t.Fatal(err)
		}
		if wrapped {
			p = saramatrace.AsyncProducer(p, config)
		}
		for range 2 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		select {
		case <-panics:
		case <-within(t).Done():
			t.Errorf("wrapped %v: sarama has not noticed", wrapped)
		}
		if len(panics) > 0 {
			t.Errorf("wrapped %v: panicked again: %v", wrapped, <-panics)
		}
	}
}
