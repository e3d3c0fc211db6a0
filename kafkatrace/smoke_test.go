package kafkatrace_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

type hdr struct {
	Key   string
	Value []byte
}

func TestSmoke(t *testing.T) {
	sdk := oteltest.New(t)
	tr := kafkatrace.NewTracer(kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider), kafkatrace.WithPropagator(sdk.Propagator), kafkatrace.WithConsumerGroup("g"))
	var hs []hdr
	m := &kafkatrace.Message{Topic: "t", Headers: kafkatrace.Headers(&hs)}
	_, end := tr.StartSend(t.Context(), m)
	m.Acked, m.Partition, m.Offset = true, 1, 42
	end(nil)
	tr.SetLag("t", 1, 5)
	err := tr.Process(t.Context(), m, func(ctx context.Context) error { return fmt.Errorf("x") })
	for _, s := range sdk.Ended() {
		t.Log(s.Name(), s.SpanKind(), s.SpanContext().SpanID(), s.Parent().SpanID(), s.Attributes(), s.Links(), s.Status())
	}
	t.Log(err, hs, sdk.Metric(t, "kafka.consumer.records_lag_max"), sdk.Metric(t, "kafka.consumer.records_consumed_total"))
}
