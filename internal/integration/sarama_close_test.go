package integration

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/conformance/kafkasuite"
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
	config := saramaConfig(kafkasuite.Producing{})
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

// TestSaramaClosedWhileAnswersAreDue closes producers of which the last success is
// on its way. sarama closes Errors when every success is delivered.
func TestSaramaClosedWhileAnswersAreDue(t *testing.T) {
	cluster := fakeCluster(t)
	cluster.CreateTopic(t, "quotes", 1, nil)
	config := saramaConfig(kafkasuite.Producing{})
	for _, wrapped := range []bool{false, true} {
		early := 0
		for range 100 {
			p, err := sarama.NewAsyncProducer(cluster.Brokers(), config)
			if err != nil {
				t.Fatal(err)
			}
			if wrapped {
				p = saramatrace.AsyncProducer(p, config)
			}
			if closedEarly(t, p) {
				early++
			}
		}
		if early != 0 {
			t.Errorf("wrapped %t: Errors was closed before the last success in %d of 100", wrapped, early)
		}
	}
}

// closedEarly closes p after it was given messages, and reports whether Errors was
// closed while successes were due.
func closedEarly(t *testing.T, p sarama.AsyncProducer) bool {
	t.Helper()
	const messages = 5
	for i := range messages {
		p.Input() <- &sarama.ProducerMessage{Topic: "quotes", Value: sarama.StringEncoder(strconv.Itoa(i))}
	}
	p.AsyncClose()
	early := false
	for due, errs := messages, p.Errors(); due > 0; {
		select {
		case _, open := <-p.Successes():
			if !open {
				t.Fatalf("Successes was closed while %d were due", due)
			}
			due--
		case failed, open := <-errs:
			if open {
				t.Fatal(failed)
			}
			early, errs = true, nil
		}
	}
	for range p.Successes() {
		t.Error("a success too many")
	}
	return early
}
