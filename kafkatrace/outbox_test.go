package kafkatrace_test

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

func TestOutbox(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	work := sdk.TracerProvider.Tracer("")
	var rows []string
	for range 3 {
		ctx, span := work.Start(t.Context(), "POST /quotes")
		rows = append(rows, kafkatrace.Save(ctx))
		span.End()
	}
	poll, relay := work.Start(t.Context(), "relay")
	for _, row := range rows {
		m, _ := record()
		_, end := tracer.StartSend(kafkatrace.Restore(poll, row), m)
		end(nil)
	}
	relay.End()
	spans := sdk.Wait(t, 7)
	for i, s := range spans[3:6] {
		if got, want := parentOf(s), rows[i][:52]; got != want || s.SpanKind() != trace.SpanKindProducer || len(s.Links()) > 0 {
			t.Errorf("%s under %q with %v, want %q", s.SpanKind(), got, s.Links(), want)
		}
		if got := spans[6].Links(); len(got) != 3 || got[i].SpanContext.SpanID() != spans[i].SpanContext().SpanID() {
			t.Errorf("the relay's links: got %v", got)
		}
	}
}

func TestSaveAndRestore(t *testing.T) {
	for _, saved := range []string{"", "x", parentA[:54], "ff" + parentA[2:], " a=1", strings.Repeat("0", 1<<16)} {
		if got := kafkatrace.Restore(remote(t, parentB), saved); kafkatrace.Save(got) != parentB {
			t.Errorf("%q changed the context", saved)
		}
	}
	for _, saved := range []string{parentA, parentA + " a=1,b=2"} {
		if got := kafkatrace.Save(kafkatrace.Restore(context.Background(), saved)); got != saved {
			t.Errorf("got %q, want %q", got, saved)
		}
	}
	if got := kafkatrace.Save(kafkatrace.Restore(context.Background(), parentA+" ,,bad")); got != parentA {
		t.Errorf("bad trace state: got %q", got)
	}
	if got := kafkatrace.Save(context.Background()); got != "" {
		t.Errorf("without a span: got %q", got)
	}
}

func TestRetriesStayInOneTrace(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, own := record(headers("traceparent", parentA)...)
	for _, next := range []string{"quotes.retry-1", "quotes.retry-2", "quotes.dead"} {
		tracer.Process(t.Context(), m, func(ctx context.Context) error {
			m = &kafkatrace.Message{Topic: next, Headers: kafkatrace.Headers(own)}
			_, end := tracer.StartSend(ctx, m)
			end(nil)
			return context.DeadlineExceeded
		})
	}
	if count(*own, "traceparent") != 1 {
		t.Errorf("got %q", *own)
	}
	parent := parentA[:52]
	spans := sdk.Wait(t, 6)
	for i := 0; i < len(spans); i += 2 {
		sent, processed := spans[i], spans[i+1]
		if got := parentOf(processed); got != parent {
			t.Errorf("%s: parent: got %s, want %s", processed.Name(), got, parent)
		}
		if sent.Parent().SpanID() != processed.SpanContext().SpanID() {
			t.Errorf("%s is not under %s", sent.Name(), processed.Name())
		}
		parent = "00-" + sent.SpanContext().TraceID().String() + "-" + sent.SpanContext().SpanID().String()
	}
}
