package saramatrace

import (
	"context"
	"sync"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// An AsyncProducer is a sarama.AsyncProducer that makes a span and a measurement for every
// message. Each commit or abort of a transaction also makes a span. Its methods may be called
// by several goroutines at the same time.
//
// The AsyncProducer has its own channels. It passes messages between its own channels and the
// channels of sarama. It holds at most one message in each direction.
type AsyncProducer struct {
	sarama.AsyncProducer

	config *sarama.Config
	tracer *adapter.Tracer
	spans  sendings

	input     chan *sarama.ProducerMessage
	within    chan outgoing
	control   chan func()   // functions to call when all earlier messages were passed to sarama
	closing   chan struct{} // closed when the producer of sarama is being closed
	once      sync.Once     // closes closing
	done      chan struct{} // closed when sarama has returned the last message
	successes chan *sarama.ProducerMessage
	errors    chan *sarama.ProducerError
}

// outgoing is a message to send, and the context that contains the parent of its span.
type outgoing struct {
	context.Context //nolint:containedctx // the goroutine that starts the span gets it from here

	message *sarama.ProducerMessage
}

// NewAsyncProducer returns a traced producer. addrs and config are the arguments of
// [sarama.NewAsyncProducer].
func NewAsyncProducer(addrs []string, config *sarama.Config, opts ...kafkatrace.Option) (*AsyncProducer, error) {
	p, err := sarama.NewAsyncProducer(addrs, config)
	if err != nil {
		return nil, err
	}
	return WrapAsyncProducer(p, config, opts...), nil
}

// WrapAsyncProducer returns a traced producer that sends with p. Do not use p directly
// afterwards. config is the configuration of p. If config is nil, the default configuration
// of sarama is assumed. If p is already an *AsyncProducer, WrapAsyncProducer returns p itself.
func WrapAsyncProducer(p sarama.AsyncProducer, config *sarama.Config, opts ...kafkatrace.Option) *AsyncProducer {
	if traced, ok := p.(*AsyncProducer); ok {
		return traced
	}
	config = configOf(config)
	a := &AsyncProducer{
		AsyncProducer: p,
		config:        config,
		tracer:        newTracer(config, opts),
		input:         make(chan *sarama.ProducerMessage),
		within:        make(chan outgoing),
		control:       make(chan func()),
		closing:       make(chan struct{}),
		done:          make(chan struct{}),
		successes:     make(chan *sarama.ProducerMessage),
		errors:        make(chan *sarama.ProducerError),
	}
	a.spans.successes, a.spans.errors = config.Producer.Return.Successes, config.Producer.Return.Errors
	a.spans.acks = config.Producer.RequiredAcks != sarama.NoResponse
	var forwarding, answers sync.WaitGroup
	forwarding.Go(a.forward)
	answers.Go(a.returnSuccesses)
	answers.Go(a.returnErrors)
	go func() {
		answers.Wait()
		close(a.done)
		forwarding.Wait()
		a.spans.close()
		close(a.errors) // after the last answer; sarama closes the channels in the same order
		close(a.successes)
		a.tracer.Close()
	}()
	return a
}

// Input returns the channel for messages to send. The parent of the span of a message is the
// span that [Inject] has added to the message, if any.
func (a *AsyncProducer) Input() chan<- *sarama.ProducerMessage { return a.input }

// Successes returns the channel of the messages that were sent. It is the channel Successes of
// sarama.
func (a *AsyncProducer) Successes() <-chan *sarama.ProducerMessage { return a.successes }

// Errors returns the channel of the messages that could not be sent. It is the channel Errors
// of sarama.
func (a *AsyncProducer) Errors() <-chan *sarama.ProducerError { return a.errors }

// SendMessageContext sends msg as a send to the channel Input does. The parent of the span is
// the span in ctx. If ctx ends before sarama has taken msg, SendMessageContext does not send
// msg and returns the error of ctx. If the producer is closed, it returns
// [sarama.ErrShuttingDown].
func (a *AsyncProducer) SendMessageContext(ctx context.Context, msg *sarama.ProducerMessage) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case a.within <- outgoing{ctx, msg}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-a.closing:
		return sarama.ErrShuttingDown
	case <-a.done:
		return sarama.ErrShuttingDown
	}
}

func (a *AsyncProducer) forward() {
	defer close(a.input) // later sends to this channel panic, as in sarama
	withHeaders := a.config.Version.IsAtLeast(sarama.V0_11_0_0)
	within, closing := a.within, a.closing
	for {
		select {
		case msg := <-a.input:
			if within == nil {
				a.refuse(msg)
			} else {
				a.hand(parentOf(msg), msg, withHeaders)
			}
		case o := <-within:
			a.hand(o, o.message, withHeaders)
		case <-closing:
			within, closing = nil, nil
		case do := <-a.control:
			do()
		case <-a.done:
			return
		}
	}
}

// refuse returns a message that was sent to Input after AsyncClose, as sarama does.
func (a *AsyncProducer) refuse(msg *sarama.ProducerMessage) {
	if msg == nil {
		return
	}
	begin(parentOf(msg), a.tracer, msg, false).finish(sarama.ErrShuttingDown, false)
	if !a.config.Producer.Return.Errors {
		return
	}
	select {
	case a.errors <- &sarama.ProducerError{Msg: msg, Err: sarama.ErrShuttingDown}:
	case <-a.done:
	}
}

// hand starts the span of msg and passes msg to sarama. If the program itself has closed the
// producer of sarama, sending msg to the channel of that producer panics or blocks. In both
// cases, hand ends the span.
func (a *AsyncProducer) hand(ctx context.Context, msg *sarama.ProducerMessage, withHeaders bool) {
	if msg != nil {
		a.spans.add(begin(ctx, a.tracer, msg, withHeaders))
	}
	defer func() {
		if recover() != nil {
			a.spans.finish(msg, errNotSent)
		}
	}()
	select {
	case a.AsyncProducer.Input() <- msg:
	case <-a.done:
		a.spans.finish(msg, errNotSent)
	}
}

func (a *AsyncProducer) returnSuccesses() {
	for msg := range a.AsyncProducer.Successes() {
		a.spans.finish(msg, nil)
		a.successes <- msg
	}
}

func (a *AsyncProducer) returnErrors() {
	for failed := range a.AsyncProducer.Errors() {
		a.spans.finish(failed.Msg, failed.Err)
		a.errors <- failed
	}
}

// AsyncClose closes the producer of sarama when all earlier messages have been passed to it.
// AsyncClose returns immediately.
func (a *AsyncProducer) AsyncClose() {
	go a.after(func() {
		a.once.Do(func() { close(a.closing) })
		a.AsyncProducer.AsyncClose()
	})
}

// after calls the function do when all earlier messages have been passed to sarama.
func (a *AsyncProducer) after(do func()) {
	select {
	case a.control <- do:
	case <-a.done:
		do()
	}
}

// Close closes the producer of sarama when all earlier messages have been passed to it.
// Close waits for the answers, and returns the errors of the messages that failed.
func (a *AsyncProducer) Close() error {
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
func (a *AsyncProducer) CommitTxn() error {
	a.barrier()
	return end(a.tracer, true, a.AsyncProducer.CommitTxn)
}

// AbortTxn calls the method AbortTxn of sarama in a span. The status of the span is Error.
func (a *AsyncProducer) AbortTxn() error {
	a.barrier()
	return end(a.tracer, false, a.AsyncProducer.AbortTxn)
}

// barrier waits until all earlier messages have been passed to sarama.
func (a *AsyncProducer) barrier() {
	passed := make(chan struct{})
	a.after(func() { close(passed) })
	<-passed
}
