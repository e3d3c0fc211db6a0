package integration

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// saramaPanics is the channel for the values of panics in sarama's goroutines. If it is nil,
// the panics end the process as usual.
var saramaPanics atomic.Pointer[chan any]

// init sets sarama.PanicHandler only once for all tests, because a client of an earlier test
// may still read this variable.
func init() {
	sarama.PanicHandler = func(p any) {
		reported := saramaPanics.Load()
		if reported == nil {
			panic(p)
		}
		*reported <- p
	}
}

// TestSaramaClosedTwice closes a producer twice. sarama then calls its PanicHandler. The test
// checks that this happens exactly once, with spor and without spor.
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
			p = saramatrace.WrapAsyncProducer(p, config)
		}
		for range 2 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		select {
		case <-panics:
		case <-within(t).Done():
			t.Errorf("wrapped %v: sarama did not report the second Close", wrapped)
		}
		if len(panics) > 0 {
			t.Errorf("wrapped %v: panicked again: %v", wrapped, <-panics)
		}
	}
}

// TestSaramaClosedWhileAnswersAreDue closes producers before they have delivered the last
// success. It checks that the channel Errors is closed only after all successes have been
// delivered, with spor and without spor.
func TestSaramaClosedWhileAnswersAreDue(t *testing.T) {
	cluster := fakeCluster(t)
	cluster.CreateTopic(t, "quotes", 1, nil)
	config := saramaConfig(kafkasuite.Producing{})
	for _, wrapped := range []bool{false, true} {
		early := 0
		for range 300 {
			p, err := sarama.NewAsyncProducer(cluster.Brokers(), config)
			if err != nil {
				t.Fatal(err)
			}
			if wrapped {
				p = saramatrace.WrapAsyncProducer(p, config)
			}
			if closedEarly(t, p) {
				early++
			}
		}
		if early != 0 {
			t.Errorf("wrapped %t: Errors was closed before the last success in %d of 300 runs", wrapped, early)
		}
	}
}

// closedEarly sends messages to p and closes p. It reports whether the channel Errors was
// closed before p had delivered all successes.
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
				t.Fatalf("Successes was closed, although %d successes were missing", due)
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
		t.Error("got more successes than messages")
	}
	return early
}
