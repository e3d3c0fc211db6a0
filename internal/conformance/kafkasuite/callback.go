package kafkasuite

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

type outcome struct {
	Record

	ctx context.Context //nolint:containedctx // the tests check the context of the callback
	err error
}

// start sends a record without waiting for its acknowledgement. When the client calls the
// callback of the record, the arguments of this call are sent to the returned channel.
func start(ctx context.Context, p Producer, r *Record) <-chan outcome {
	result := make(chan outcome, 2) // capacity 2, so that a second call of the callback does not block
	p.Start(ctx, r, func(ctx context.Context, r Record, err error) { result <- outcome{r, ctx, err} })
	return result
}

// testMetadata sends records to which the program has added metadata. The program must get
// the metadata back unchanged, both for records that were sent and for records that were
// refused.
func testMetadata(t *testing.T, s *site) {
	type mine struct{ n int }
	large := s.tooLarge(t)
	for _, silent := range append(silentSides(t), silentSide{name: "sampled"}) {
		t.Run(silent.name, func(t *testing.T) {
			p := s.producer(t, Producing{}, silent.options...)
			var wait sync.WaitGroup
			for i := range 10 {
				want := &mine{i}
				r := s.record(strconv.Itoa(i))
				if i%3 == 2 {
					r = &Record{Topic: large.Topic, Value: large.Value}
				}
				r.Metadata = want
				ctx, _ := s.parent(t)
				result := start(ctx, p, r)
				wait.Go(func() {
					o := <-result
					if o.Metadata != want {
						t.Errorf("record %d came back with the metadata %v, want %v", i, o.Metadata, want)
					}
					if failed := i%3 == 2; failed != (o.err != nil) {
						t.Errorf("record %d came back with the error %v", i, o.err)
					}
					if n := count(o.Headers, "traceparent"); n != 0 && s.client.Lacks(OwnHeaders) == "" {
						t.Errorf("record %d came back with %d traceparents", i, n)
					}
				})
			}
			wait.Wait()
			p.Close()
		})
	}
}

// testCallback checks the context that the library passes to the program's callback. If
// there is a context, it must contain the span in which the program sent the record.
func testCallback(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	for _, r := range []*Record{s.record("one"), s.tooLarge(t)} {
		ctx, parent := s.parent(t)
		o := await(t, start(ctx, p, r))
		if o.ctx == nil {
			t.Log("the library passes no context to the callback")
		} else if got := trace.SpanContextFromContext(o.ctx); got.SpanID() != parent.SpanID() {
			t.Errorf("the callback has the span %v, want %v", got.SpanID(), parent.SpanID())
		}
		if !bytes.Equal(o.Value, r.Value) {
			t.Error("the callback got another record")
		}
	}
	spans := s.producing.Wait(t, 2)
	if spans[0].Status().Code != codes.Unset || spans[1].Status().Code != codes.Error {
		t.Errorf("the spans have the status %v and %v, want Unset and Error", spans[0].Status(), spans[1].Status())
	}
}
