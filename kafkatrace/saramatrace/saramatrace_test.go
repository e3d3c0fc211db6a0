package saramatrace_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/IBM/sarama/mocks"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

func options(sdk *oteltest.SDK) []kafkatrace.Option {
	return []kafkatrace.Option{
		kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider), kafkatrace.WithPropagator(sdk.Propagator),
	}
}

var errRefused = errors.New("refused")

// unconfirmed is a producer that returns no successes. After one second, it refuses the
// message "refuse".
type unconfirmed struct {
	sarama.AsyncProducer

	input     chan *sarama.ProducerMessage
	successes chan *sarama.ProducerMessage
	errors    chan *sarama.ProducerError
}

func newUnconfirmed() *unconfirmed {
	p := &unconfirmed{
		input: make(chan *sarama.ProducerMessage), successes: make(chan *sarama.ProducerMessage), errors: make(chan *sarama.ProducerError),
	}
	go func() {
		defer close(p.errors)
		defer close(p.successes)
		for m := range p.input {
			m.Partition, m.Offset = 3, 42
			if m.Value == sarama.StringEncoder("refuse") {
				time.Sleep(time.Second) //nolint:forbidigo // fake time in the synctest bubble
				p.errors <- &sarama.ProducerError{Msg: m, Err: errRefused}
			}
		}
	}()
	return p
}

func (*unconfirmed) IsTransactional() bool                       { return false }
func (p *unconfirmed) Input() chan<- *sarama.ProducerMessage     { return p.input }
func (p *unconfirmed) Successes() <-chan *sarama.ProducerMessage { return p.successes }
func (p *unconfirmed) Errors() <-chan *sarama.ProducerError      { return p.errors }
func (p *unconfirmed) AsyncClose()                               { close(p.input) }

// TestWithoutSuccesses uses a producer that returns no successes. The test sends one message
// that is refused, and one message for which sarama returns no answer. The end time of each
// span must be the time when sarama got the message.
func TestWithoutSuccesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sdk := oteltest.New(t)
		config := sarama.NewConfig()
		config.Producer.Return.Successes = false
		p := saramatrace.WrapAsyncProducer(newUnconfirmed(), config, options(sdk)...)
		handed := time.Now()
		p.Input() <- &sarama.ProducerMessage{Topic: "quotes", Value: sarama.StringEncoder("keep"), Metadata: "kept"}
		p.Input() <- &sarama.ProducerMessage{Topic: "quotes", Value: sarama.StringEncoder("refuse"), Metadata: 42}
		failed := <-p.Errors()
		if !errors.Is(failed.Err, errRefused) || failed.Msg.Metadata != 42 || failed.Msg.Headers != nil {
			t.Errorf("the error is %v of %+v", failed.Err, failed.Msg)
		}
		synctest.Wait()
		time.Sleep(8 * time.Second) //nolint:forbidigo // fake time in the synctest bubble
		synctest.Wait()
		if n := len(sdk.Ended()); n != 1 {
			t.Errorf("%d spans have ended after 9 s", n)
		}
		time.Sleep(time.Second) //nolint:forbidigo // fake time in the synctest bubble
		synctest.Wait()
		ended := sdk.Ended()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if len(ended) != 2 {
			t.Fatalf("%d spans have ended after 10 s", len(ended))
		}
		checkUnconfirmed(t, ended[0], handed, codes.Error)
		checkUnconfirmed(t, ended[1], handed, codes.Unset)
	})
}

func checkUnconfirmed(t *testing.T, span sdktrace.ReadOnlySpan, handed time.Time, code codes.Code) {
	t.Helper()
	if span.Status().Code != code || !span.EndTime().Equal(handed) {
		t.Errorf("span has status %v, and ended %v after sarama got the message", span.Status(), span.EndTime().Sub(handed))
	}
	attrs := oteltest.Map(span.Attributes())
	for _, key := range []string{"messaging.destination.partition.id", "messaging.kafka.offset"} {
		if value, found := attrs[key]; found {
			t.Errorf("%s is %s, but the broker did not return it", key, value)
		}
	}
}

// TestSyncWithoutHeaders uses a configuration for a version of Kafka that does not support
// headers. The message must be sent without headers.
func TestSyncWithoutHeaders(t *testing.T) {
	sdk, broker, config := oteltest.New(t), new(accepting), sarama.NewConfig()
	config.Version = sarama.V0_10_2_0
	p := saramatrace.WrapSyncProducer(broker, config, options(sdk)...)
	m := &sarama.ProducerMessage{Topic: "quotes"}
	if _, _, err := p.SendMessage(m); err != nil || len(broker.headers[0]) != 0 || m.Headers != nil {
		t.Errorf("the message was sent with %v, and has %v now, %v", broker.headers[0], m.Headers, err)
	}
	sdk.Only(t)
}

// TestAsyncWithoutHeaders uses a configuration for a version of Kafka that does not support
// headers. The message must be sent without headers.
func TestAsyncWithoutHeaders(t *testing.T) {
	sdk := oteltest.New(t)
	config := mocks.NewTestConfig()
	config.Version = sarama.V0_10_2_0
	config.Producer.Return.Successes = true
	broker := mocks.NewAsyncProducer(t, config)
	broker.ExpectInputWithMessageCheckerFunctionAndSucceed(func(m *sarama.ProducerMessage) error {
		if len(m.Headers) > 0 {
			return errors.New("there are headers")
		}
		return nil
	})
	p := saramatrace.WrapAsyncProducer(broker, config, options(sdk)...)
	p.Input() <- &sarama.ProducerMessage{Topic: "quotes", Metadata: "kept"}
	if m := <-p.Successes(); m.Metadata != "kept" {
		t.Errorf("Metadata is %v", m.Metadata)
	}
	sdk.Only(t)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestNilMessages(t *testing.T) {
	sdk := oteltest.New(t)
	saramatrace.Inject(t.Context(), nil)
	g := saramatrace.WrapConsumerGroup(&group{}, "stats", nil, options(sdk)...)
	called := 0
	count := func(context.Context) error { called++; return nil }
	if err := errors.Join(g.Process(t.Context(), nil, count), g.ProcessBatch(t.Context(), []*sarama.ConsumerMessage{nil}, count)); err != nil {
		t.Error(err)
	}
	if called != 2 || sdk.Started() != 0 {
		t.Errorf("%d calls, %d spans", called, sdk.Started())
	}
}
