package kgotrace_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// unreachable returns a client that reaches no broker.
func unreachable(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	sdk := oteltest.New(t)
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.Dialer(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no broker") }),
		kgo.DefaultProduceTopic("quotes"), kgo.MaxBufferedBytes(1000),
		kgotrace.Opt(kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithPropagator(sdk.Propagator)),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// checkNothingBuffered aborts all records. It then checks that the client counts no bytes as
// buffered.
func checkNothingBuffered(t *testing.T, cl *kgo.Client) {
	t.Helper()
	if err := cl.AbortBufferedRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	oteltest.Eventually(t, func() bool { return cl.BufferedProduceRecords() == 0 })
	if n := cl.BufferedProduceBytes(); n != 0 {
		t.Fatalf("%d bytes are still counted as buffered, want 0", n)
	}
}

// TestAccounts checks the number of bytes that the client counts as buffered. The test
// produces a record 20 times. Each time, it aborts the record, and the number must then be
// 0. The test uses the oldest supported version of franz-go. Package integration has more
// checks, which use the newest version.
func TestAccounts(t *testing.T) {
	cl, r := unreachable(t), &kgo.Record{Value: make([]byte, 500)}
	for range 20 {
		done := make(chan error, 1)
		cl.Produce(t.Context(), r, func(_ *kgo.Record, err error) { done <- err })
		checkNothingBuffered(t, cl)
		if err := <-done; !errors.Is(err, kgo.ErrAborting) {
			t.Fatal(err)
		}
	}
}

// TestAccountsOfFullBuffer does the same as [TestAccounts] with records that the client
// refuses because its buffer is full.
func TestAccountsOfFullBuffer(t *testing.T) {
	cl, r := unreachable(t, kgo.MaxBufferedRecords(1), kgo.ManualFlushing()), &kgo.Record{Value: make([]byte, 100)}
	for range 20 {
		done := make(chan error, 1)
		cl.Produce(t.Context(), &kgo.Record{Value: make([]byte, 100)}, nil)
		cl.TryProduce(t.Context(), r, func(_ *kgo.Record, err error) { done <- err })
		if err := <-done; !errors.Is(err, kgo.ErrMaxBuffered) {
			t.Fatal(err)
		}
		checkNothingBuffered(t, cl)
	}
}
