package kafkasuite

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

// sendSpan describes the span that a send must make.
type sendSpan struct {
	topic     string
	partition string // "" means that the attribute must be absent
	offset    string // "" means that the attribute must be absent
	errorType string // "" means that the send must succeed
}

func checkSend(t *testing.T, span sdktrace.ReadOnlySpan, want sendSpan) {
	t.Helper()
	if got, want := span.Name(), want.topic+" publish"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
	if got := span.SpanKind(); got != trace.SpanKindProducer {
		t.Errorf("kind of the span is %v", got)
	}
	checkSpan(t, span, want.errorType, map[string]string{
		"messaging.operation.type": "send", "messaging.destination.name": want.topic,
		"messaging.destination.partition.id": want.partition, "messaging.kafka.offset": want.offset,
		"messaging.kafka.message.key": "",
	})
}

func checkProcess(t *testing.T, span sdktrace.ReadOnlySpan, group string, r Record, errorType string) {
	t.Helper()
	if got, want := span.Name(), r.Topic+" process"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
	if got := span.SpanKind(); got != trace.SpanKindConsumer {
		t.Errorf("kind of the span is %v", got)
	}
	checkSpan(t, span, errorType, map[string]string{
		"messaging.operation.type": "process", "messaging.destination.name": r.Topic,
		"messaging.destination.partition.id": strconv.Itoa(int(r.Partition)), "messaging.kafka.offset": strconv.FormatInt(r.Offset, 10),
		"messaging.consumer.group.name": group, "messaging.kafka.message.key": "",
	})
}

// checkSpan checks the attributes and the status of a send span or a process span. In want,
// the value "" means that the attribute must be absent.
func checkSpan(t *testing.T, span sdktrace.ReadOnlySpan, errorType string, want map[string]string) {
	t.Helper()
	want["messaging.system"], want["error.type"] = "kafka", errorType
	got := oteltest.Map(span.Attributes())
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s of %s is %q, want %q", key, span.Name(), got[key], value)
		}
	}
	if got := span.Status().Code == codes.Error; got != (errorType != "") {
		t.Errorf("status of %s is %v", span.Name(), span.Status())
	}
	oteltest.StableOnly(t, span)
}

// checkJoined checks that the process span is a child of the send span. The process span
// must have exactly one link, and the link must be to the send span.
func checkJoined(t *testing.T, process, send sdktrace.ReadOnlySpan) {
	t.Helper()
	sent := send.SpanContext()
	if got := process.SpanContext().TraceID(); got != sent.TraceID() {
		t.Errorf("processed in trace %v, sent in %v", got, sent.TraceID())
	}
	if got := process.Parent().SpanID(); got != sent.SpanID() {
		t.Errorf("parent of the process span is %v, want %v", got, sent.SpanID())
	}
	checkLinks(t, process, sent)
}

// checkLinks checks that a span has links to exactly these spans, in this order.
func checkLinks(t *testing.T, span sdktrace.ReadOnlySpan, want ...trace.SpanContext) {
	t.Helper()
	var got []trace.SpanID
	for _, link := range span.Links() {
		got = append(got, link.SpanContext.SpanID())
	}
	if !slices.EqualFunc(got, want, func(id trace.SpanID, c trace.SpanContext) bool { return id == c.SpanID() }) {
		t.Errorf("%s has links to %v, want %v", span.Name(), got, want)
	}
}

func checkSameRecord(t *testing.T, got, want Record) {
	t.Helper()
	if !bytes.Equal(got.Key, want.Key) || !bytes.Equal(got.Value, want.Value) || !sameHeaders(others(got.Headers), want.Headers) {
		t.Errorf("got %q %q %v, want %q %q %v", got.Key, got.Value, got.Headers, want.Key, want.Value, want.Headers)
	}
}

func checkHeaders(t *testing.T, client Client, name string, got, want []Header) {
	t.Helper()
	if !sameHeaders(got, want) {
		t.Errorf("%s: headers %.100q, want %.100q", name, got, want)
		return
	}
	if client.Lacks(NilHeaders) != "" {
		return
	}
	for i := range got {
		if (got[i].Value == nil) != (want[i].Value == nil) {
			t.Errorf("%s: the value of %q is %#v, want %#v", name, got[i].Key, got[i].Value, want[i].Value)
		}
	}
}

// goroutines counts the running goroutines. At the end of the test, it counts them again,
// and waits until the second number is not greater than the first number.
func goroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
	})
}

// The function each calls f once for every number from 0 to n-1. Each call of f runs in its
// own goroutine. The function each returns when all calls of f have returned.
func each(n int, f func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { f(i) })
	}
	wait.Wait()
}

// await returns the next value of c. If there is no value within one minute, the test fails.
func await[T any](t *testing.T, c <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-c:
	case <-conformance.Within(t).Done():
		t.Fatal("got no value within one minute")
	}
	return got
}
