package saramatrace

import (
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// AsyncProducer returns p, which was made with config, with a span and a
// measurement for every message. Use nothing of p itself after that. Whose span a
// message is part of says [Inject]. A nil config means sarama's defaults.
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
		close(a.errors) // in the order of sarama, once every answer is delivered
		close(a.successes)
	}()
	return a
}

// asyncProducer stands before the channels of a producer. It holds one message at
// most in each direction.
type asyncProducer struct {
	sarama.AsyncProducer

	config *sarama.Config
	tracer *adapter.Tracer
	spans  sendings

	input     chan *sarama.ProducerMessage
	control   chan func() // what is to be done after the messages so far
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
			close(a.input) // those who still send panic, as with sarama
			return
		}
	}
}

func (a *asyncProducer) begin(msg *sarama.ProducerMessage, withHeaders bool) {
	s := begin(a.tracer, msg, withHeaders)
	if !a.spans.answered {
		msg.Offset = s.offset // the program gets the message back only if it fails
		s.handed = time.Now()
	}
	a.spans.add(s)
}

// hand hands msg over. A program that sends while it closes may be too late.
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

// AsyncClose is that of sarama.
func (a *asyncProducer) AsyncClose() { go a.after(a.AsyncProducer.AsyncClose) }

// after does something once the messages so far are handed over.
func (a *asyncProducer) after(do func()) {
	select {
	case a.control <- do:
	case <-a.done:
		do()
	}
}

// Close is that of sarama.
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

// CommitTxn is that of sarama, in a span.
func (a *asyncProducer) CommitTxn() error {
	a.barrier()
	return end(a.tracer, true, a.AsyncProducer.CommitTxn)
}

// AbortTxn is that of sarama, in a span that is an Error.
func (a *asyncProducer) AbortTxn() error {
	a.barrier()
	return end(a.tracer, false, a.AsyncProducer.AbortTxn)
}

// barrier returns once the messages so far are handed over.
func (a *asyncProducer) barrier() {
	passed := make(chan struct{})
	a.after(func() { close(passed) })
	<-passed
}
