package kafkatrace_test

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strconv"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// sent sets *m to a message that was sent by the span with this number.
func sent(m *kafkatrace.Message, number int, sampled bool) {
	c := trace.SpanContextConfig{TraceID: trace.TraceID{15: 1}}
	binary.BigEndian.PutUint64(c.SpanID[:], uint64(number)+1)
	if sampled {
		c.TraceFlags = trace.FlagsSampled
	}
	*m = kafkatrace.Message{Topic: "quotes", Partition: 1, Offset: int64(number)}
	var own []field
	m.Headers = kafkatrace.Headers(&own)
	m.Headers.Set("traceparent", kafkatrace.Save(trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(c))))
}

func messages(n int, each func(m *kafkatrace.Message, i int)) iter.Seq[*kafkatrace.Message] {
	return func(yield func(*kafkatrace.Message) bool) {
		m := new(kafkatrace.Message)
		for i := range n {
			each(m, i)
			if !yield(m) {
				return
			}
		}
	}
}

func processBatch(t *testing.T, in iter.Seq[*kafkatrace.Message], opts ...kafkatrace.Option) (*oteltest.SDK, sdktrace.ReadOnlySpan) {
	t.Helper()
	sdk := oteltest.New(t)
	failure := errors.New("on purpose")
	got := kafkatrace.NewTracer(options(sdk, opts...)...).ProcessBatch(t.Context(), in, func(context.Context) error { return failure })
	if got != failure { //nolint:errorlint // it must be the same error
		t.Errorf("returned %v", got)
	}
	return sdk, sdk.Only(t)
}

func TestLargeBatch(t *testing.T) {
	sdk, s := processBatch(t, messages(10_000, func(m *kafkatrace.Message, i int) { sent(m, i, i%100 == 99) }))
	if len(s.Links()) != 128 || s.DroppedLinks() != 0 {
		t.Errorf("%d links, %d dropped", len(s.Links()), s.DroppedLinks())
	}
	sampled := 0
	for _, link := range s.Links() {
		if link.SpanContext.IsSampled() {
			sampled++
		}
	}
	if sampled != 100 {
		t.Errorf("%d links to sampled spans, want 100", sampled)
	}
	mustHave(t, "batch", attributes(s), "messaging.batch.message_count", "10000", "spor.messaging.batch.unlinked_message_count", "9872",
		"messaging.destination.name", "quotes", "messaging.destination.partition.id", "1", "messaging.kafka.offset", "",
		"error.type", "*errors.errorString")
	mustHave(t, "link", oteltest.Map(s.Links()[1].Attributes), "messaging.kafka.offset", "199",
		"messaging.destination.partition.id", "1", "messaging.destination.name", "quotes")
	if s.Name() != "quotes process" || s.SpanKind() != trace.SpanKindConsumer || s.Parent().IsValid() {
		t.Errorf("got %s %s under %v", s.SpanKind(), s.Name(), s.Parent())
	}
	if got := total(t, sdk, "messaging.client.consumed.messages"); got != 10_000 {
		t.Errorf("consumed: got %d", got)
	}
}

func TestBatchLinksEachSenderOnce(t *testing.T) {
	_, s := processBatch(t, messages(30, func(m *kafkatrace.Message, i int) { sent(m, i/10, true) }))
	if len(s.Links()) != 3 {
		t.Errorf("%d links", len(s.Links()))
	}
	mustHave(t, "batch", attributes(s), "messaging.batch.message_count", "30", "spor.messaging.batch.unlinked_message_count", "")
}

func TestMixedBatch(t *testing.T) {
	_, s := processBatch(t, messages(4, func(m *kafkatrace.Message, i int) {
		*m = kafkatrace.Message{Topic: "quotes-" + strconv.Itoa(i/2), Partition: int32(i)}
	}))
	if s.Name() != "process" || len(s.Links()) != 0 {
		t.Errorf("got %s, %v", s.Name(), s.Links())
	}
	mustHave(t, "batch", attributes(s), "messaging.destination.name", "", "messaging.destination.partition.id", "", "messaging.batch.message_count", "4")
	_, s = processBatch(t, messages(2, func(m *kafkatrace.Message, i int) {
		*m = kafkatrace.Message{Topic: "quotes", Partition: int32(i)}
	}))
	mustHave(t, "batch of a topic", attributes(s), "messaging.destination.name", "quotes", "messaging.destination.partition.id", "")
}

func TestEmptyBatchHasNoSpan(t *testing.T) {
	sdk := oteltest.New(t)
	called := false
	kafkatrace.NewTracer(options(sdk)...).ProcessBatch(t.Context(), slices.Values([]*kafkatrace.Message(nil)), func(context.Context) error {
		called = true
		return nil
	})
	if sdk.Started() > 0 || !called {
		t.Errorf("%d spans, called %t", sdk.Started(), called)
	}
}

func TestBatchUnderSpan(t *testing.T) {
	for _, opts := range [][]kafkatrace.Option{nil, {kafkatrace.WithParent(kafkatrace.ParentAmbient)}} {
		sdk := oteltest.New(t)
		ctx, ambient := sdk.TracerProvider.Tracer("").Start(t.Context(), "poll")
		kafkatrace.NewTracer(options(sdk, opts...)...).ProcessBatch(ctx, messages(2, func(m *kafkatrace.Message, i int) { sent(m, i, true) }), nothing)
		ambient.End()
		s := sdk.Wait(t, 2)[0]
		if under := s.Parent().SpanID() == ambient.SpanContext().SpanID(); under != (opts != nil) {
			t.Errorf("is a child of the span of the poll: got %t", under)
		}
	}
}

func TestCommit(t *testing.T) {
	failure := errors.New("on purpose")
	fail := func(context.Context) error { return failure }
	t.Run("measured", func(t *testing.T) {
		sdk := oteltest.New(t)
		tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithConsumerGroup("stats"))...)
		if err := tracer.Commit(t.Context(), fail); err != failure || sdk.Started() > 0 { //nolint:errorlint // it must be the same error
			t.Errorf("%v, %d spans", err, sdk.Started())
		}
		series := sdk.Seconds(t, "messaging.client.operation.duration")
		if len(series) != 1 {
			t.Fatalf("%d series", len(series))
		}
		mustHave(t, "commit", oteltest.Map(series[0].Attributes.ToSlice()), "messaging.operation.name", "commit", "messaging.operation.type", "settle",
			"messaging.consumer.group.name", "stats", "error.type", "*errors.errorString")
	})
	t.Run("span", func(t *testing.T) {
		sdk := oteltest.New(t)
		tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithCommitSpans())...)
		m, _ := record()
		for range 200 {
			tracer.Process(t.Context(), m, nothing)
		}
		if err := tracer.Commit(t.Context(), fail); err != failure { //nolint:errorlint // it must be the same error
			t.Error(err)
		}
		tracer.Commit(t.Context(), nothing)
		spans := sdk.Wait(t, 202)
		first, second := spans[200], spans[201]
		if first.Name() != "commit" || first.SpanKind() != trace.SpanKindClient || len(first.Links()) != 128 || len(second.Links()) != 0 {
			t.Errorf("got %s %s with %d links, then %d", first.SpanKind(), first.Name(), len(first.Links()), len(second.Links()))
		}
		if first.Links()[0].SpanContext.SpanID() != spans[0].SpanContext().SpanID() {
			t.Error("the first link is not to the first span of processing")
		}
		mustHave(t, "commit", attributes(first), "messaging.operation.name", "commit", "messaging.operation.type", "settle", "error.type", "*errors.errorString")
	})
}
