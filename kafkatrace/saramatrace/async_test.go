package saramatrace_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// answering is a producer that does not answer any message before it is closed. It closes
// its channels after the last answer, as sarama does.
type answering struct {
	sarama.AsyncProducer

	closing   chan struct{}
	input     chan *sarama.ProducerMessage
	successes chan *sarama.ProducerMessage
	errors    chan *sarama.ProducerError
}

func newAnswering() *answering {
	p := &answering{
		closing: make(chan struct{}), input: make(chan *sarama.ProducerMessage, 10),
		successes: make(chan *sarama.ProducerMessage), errors: make(chan *sarama.ProducerError),
	}
	go func() {
		<-p.closing
		close(p.input)
		for m := range p.input {
			if m.Value == nil {
				p.successes <- m
			} else {
				p.errors <- &sarama.ProducerError{Msg: m, Err: errRefused}
			}
		}
		close(p.errors)
		close(p.successes)
	}()
	return p
}

func (*answering) IsTransactional() bool                       { return false }
func (p *answering) Input() chan<- *sarama.ProducerMessage     { return p.input }
func (p *answering) Successes() <-chan *sarama.ProducerMessage { return p.successes }
func (p *answering) Errors() <-chan *sarama.ProducerError      { return p.errors }
func (p *answering) AsyncClose()                               { close(p.closing) }

// TestChannelsCloseAfterTheLastAnswer checks that no channel is closed before all answers
// have been returned. The program closes the producer before the first answer. The test runs
// with and without saramatrace.
func TestChannelsCloseAfterTheLastAnswer(t *testing.T) {
	success, failure := sarama.Encoder(nil), sarama.Encoder(sarama.StringEncoder("refuse"))
	for name, answers := range map[string][]sarama.Encoder{
		"none": {}, "a success": {success}, "an error": {failure}, "an error, then a success": {failure, success},
		"a success, then an error": {success, failure}, "several": {success, failure, failure, success, success},
	} {
		for _, wrapped := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, wrapped %t", name, wrapped), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sdk := oteltest.New(t)
					var p sarama.AsyncProducer = newAnswering()
					if wrapped {
						config := sarama.NewConfig()
						config.Producer.Return.Successes = true
						p = saramatrace.WrapAsyncProducer(p, config, options(sdk)...)
					}
					for _, value := range answers {
						p.Input() <- &sarama.ProducerMessage{Topic: "quotes", Value: value}
					}
					p.AsyncClose()
					checkAnswers(t, p, len(answers))
					if n := len(sdk.Ended()); wrapped && n != len(answers) {
						t.Errorf("%d spans of %d messages have ended", n, len(answers))
					}
				})
			})
		}
	}
}

// checkAnswers receives answers until both channels are closed. The parameter due is the
// number of answers that must arrive before a channel is closed. Before each answer, it
// waits until all other goroutines are blocked.
func checkAnswers(t *testing.T, p sarama.AsyncProducer, due int) {
	t.Helper()
	successes, failures := p.Successes(), p.Errors()
	for successes != nil || failures != nil {
		synctest.Wait()
		open := false
		select {
		case _, open = <-successes:
			if !open {
				successes = nil
			}
		case _, open = <-failures:
			if !open {
				failures = nil
			}
		}
		switch {
		case open:
			due--
		case due > 0:
			t.Errorf("a channel was closed before %d answers were returned", due)
		}
	}
}

// TestSendWhileClosing sends messages to a producer that is being closed, while the program has
// not yet received the last answer. The producer must refuse the messages, as sarama does.
func TestSendWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sdk, config := oteltest.New(t), sarama.NewConfig()
		config.Producer.Return.Successes = true
		p := saramatrace.WrapAsyncProducer(newAnswering(), config, options(sdk)...)
		p.Input() <- &sarama.ProducerMessage{Topic: "quotes"}
		p.AsyncClose()
		synctest.Wait()
		if err := p.SendMessageContext(t.Context(), &sarama.ProducerMessage{Topic: "quotes"}); !errors.Is(err, sarama.ErrShuttingDown) {
			t.Errorf("got %v, want %v", err, sarama.ErrShuttingDown)
		}
		late := &sarama.ProducerMessage{Topic: "quotes"}
		p.Input() <- late
		if failed := <-p.Errors(); failed.Msg != late || !errors.Is(failed.Err, sarama.ErrShuttingDown) {
			t.Errorf("got %v for %v", failed.Err, failed.Msg)
		}
		checkAnswers(t, p, 1)
		if n := len(sdk.Ended()); n != 2 {
			t.Errorf("%d spans, want 2", n)
		}
	})
}
