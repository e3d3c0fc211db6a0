package kgotrace_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// TestAccounts checks the number of bytes that the client counts as buffered. The test
// produces a record 20 times. Each time, it aborts the record, and the number must then be
// 0. The test uses the oldest supported version of franz-go. Package integration has more
// checks, which use the newest version.
func TestAccounts(t *testing.T) {
	sdk := oteltest.New(t)
	cl, err := kgo.NewClient(
		kgo.Dialer(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no broker") }),
		kgo.DefaultProduceTopic("quotes"), kgo.MaxBufferedBytes(1000),
		kgotrace.Opt(kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithPropagator(sdk.Propagator)),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := &kgo.Record{Value: make([]byte, 500)}
	for range 20 {
		done := make(chan error, 1)
		cl.Produce(ctx, r, func(_ *kgo.Record, err error) { done <- err })
		if err := cl.AbortBufferedRecords(ctx); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, kgo.ErrAborting) {
			t.Fatal(err)
		}
		oteltest.Eventually(t, func() bool { return cl.BufferedProduceRecords() == 0 })
		if n := cl.BufferedProduceBytes(); n != 0 {
			t.Fatalf("%d bytes are still counted as buffered, want 0", n)
		}
	}
}
