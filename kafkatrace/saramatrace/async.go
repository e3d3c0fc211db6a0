package saramatrace

import (
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// AsyncProducer returns a producer that sends messages with p. It makes a span and a
// measurement for every message. Do not use p directly afterwards. config is the
// configuration with which p was made. If config is nil, the default configuration of sarama
// is assumed. [Inject] sets the parent of the span. Each commit or abort of a transaction
// also makes a span. If p is nil or already wrapped, AsyncProducer returns p itself.
func AsyncProducer(p sarama.AsyncProducer, config *sarama.Config, opts ...kafkatrace.Option) sarama.AsyncProducer {
	if _, twice := p.(*asyncProducer); twice || p == nil {
		return p
	}
	if config == nil {
		config = sarama.NewConfig()
	}
	a := &asyncProducer{
		AsyncProducer: p,
		config:        config,
		tracer:        newTracer(p, config.ClientID, opts),
		input:         make(chan *sarama.ProducerMessage),
		control:       make(chan func()),
		done:          make(chan struct{}),
		successes:     make(chan *sarama.ProducerMessage),
		errors:        make(chan *sarama.ProducerError),
	}
	a.spans.answered = config.Producer.Return.Successes
	go a.forward()
	var answers sync.WaitGroup
	answers.Go(a.returnSuccesses)
	answers.Go(a.returnErrors)
	go func() {
		answers.Wait()
		a.spans.close()
		a.tracer.Close()
		close(a.done)
		close(a.errors) // after the last answer; sarama closes the channels in the same order
		close(a.successes)
	}()
	return a
}

// asyncProducer has its own channels. It passes messages between its own channels and the
// channels of sarama. It holds at most one message in each direction.
type asyncProducer struct {
	sarama.AsyncProducer

	config *sarama.Config
	tracer *adapter.Tracer
	spans  sendings

	input     chan *sarama.ProducerMessage
	control   chan func() // functions to call when all earlier messages were passed to sarama
	done      chan struct{}
	successes chan *sarama.ProducerMessage
	errors    chan *sarama.ProducerError
}

func (a *asyncProducer) Input() chan<- *sarama.ProducerMessage     { return a.input }
func (a *asyncProducer) Successes() <-chan *sarama.ProducerMessage { return a.successes }
func (a *asyncProducer) Errors() <-chan *sarama.ProducerError      { return a.errors }

func (a *asyncProducer) forward() {
	withHeaders := a.config.Version.IsAtLeast(sarama.V0_11_0_0)
	for {
		select {
		case msg := <-a.input:
			if msg != nil {
				a.begin(msg, withHeaders)
			}
			a.hand(msg)
		case do := <-a.control:
			do()
		case <-a.done:
			close(a.input) // later sends to this channel panic, as in sarama
			return
		}
	}
}

func (a *asyncProducer) begin(msg *sarama.ProducerMessage, withHeaders bool) {
	s := begin(a.tracer, msg, withHeaders)
	if !a.spans.answered {
		msg.Offset = s.offset // set back now, because sarama returns only messages that fail
		s.handed = time.Now()
	}
	a.spans.add(s)
}

// hand passes msg to sarama. If the program has already closed the producer of sarama,
// sending msg to the channel of that producer panics. hand recovers from the panic, and ends
// the span.
func (a *asyncProducer) hand(msg *sarama.ProducerMessage) {
	defer func() {
		if recover() != nil {
			a.spans.finish(msg, errNotSent)
		}
	}()
	a.AsyncProducer.Input() <- msg
}

func (a *asyncProducer) returnSuccesses() {
	for msg := range a.AsyncProducer.Successes() {
		a.spans.finish(msg, nil)
		a.successes <- msg
	}
}

func (a *asyncProducer) returnErrors() {
	for failed := range a.AsyncProducer.Errors() {
		a.spans.finish(failed.Msg, failed.Err)
		a.errors <- failed
	}
}

// AsyncClose closes the producer of sarama when all earlier messages have been passed to it.
// AsyncClose returns immediately.
func (a *asyncProducer) AsyncClose() { go a.after(a.AsyncProducer.AsyncClose) }

// after calls the function do when all earlier messages have been passed to sarama.
func (a *asyncProducer) after(do func()) {
	select {
	case a.control <- do:
	case <-a.done:
		do()
	}
}

// Close closes the producer of sarama when all earlier messages have been passed to it.
// Close waits for the answers, and returns the errors of the messages that failed.
func (a *asyncProducer) Close() error {
	a.AsyncClose()
	if a.config.Producer.Return.Successes {
		go func() {
			for range a.successes {
			}
		}()
	}
	var failed sarama.ProducerErrors
	for e := range a.errors {
		failed = append(failed, e)
	}
	<-a.done
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// CommitTxn calls the method CommitTxn of sarama in a span.
func (a *asyncProducer) CommitTxn() error {
	a.barrier()
	return end(a.tracer, true, a.AsyncProducer.CommitTxn)
}

// AbortTxn calls the method AbortTxn of sarama in a span. The status of the span is Error.
func (a *asyncProducer) AbortTxn() error {
	a.barrier()
	return end(a.tracer, false, a.AsyncProducer.AbortTxn)
}

// barrier waits until all earlier messages have been passed to sarama.
func (a *asyncProducer) barrier() {
	passed := make(chan struct{})
	a.after(func() { close(passed) })
	<-passed
}
