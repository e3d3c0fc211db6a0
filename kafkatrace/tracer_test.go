package kafkatrace_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"go.opentelemetry.io/otel/codes"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace"
)

func TestSendAndProcessAreOneTrace(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithConsumerGroup("stats"),
		kafkatrace.WithAttributes(semconv.MessagingClientID("quotes-1")))...)
	m, _ := record(headers("type", "created")...)
	m.Key, m.Tombstone = []byte("01017012345"), true
	_, end := tracer.StartSend(t.Context(), m)
	m.Acked, m.Partition, m.Offset = true, 2, 42
	end(nil)
	if err := tracer.Process(t.Context(), m, nothing); err != nil {
		t.Fatal(err)
	}
	spans := sdk.Wait(t, 2)
	sent, processed := spans[0], spans[1]
	if sent.Name() != "quotes publish" || sent.SpanKind() != trace.SpanKindProducer {
		t.Errorf("got %s %s", sent.SpanKind(), sent.Name())
	}
	if processed.Name() != "quotes process" || processed.SpanKind() != trace.SpanKindConsumer {
		t.Errorf("got %s %s", processed.SpanKind(), processed.Name())
	}
	if got, want := processed.Parent().SpanID(), sent.SpanContext().SpanID(); got != want || !processed.Parent().IsRemote() {
		t.Errorf("parent: got %s, want %s", got, want)
	}
	if links := processed.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != sent.SpanContext().SpanID() {
		t.Errorf("links: got %v", links)
	}
	common := []string{
		"messaging.system", "kafka", "messaging.destination.name", "quotes", "messaging.client.id", "quotes-1",
		"messaging.destination.partition.id", "2", "messaging.kafka.offset", "42", "messaging.kafka.message.tombstone", "true",
		"messaging.kafka.message.key", "", "error.type", "", "messaging.batch.message_count", "",
	}
	mustHave(t, "send", attributes(sent), append(common, "messaging.operation.name", "send", "messaging.operation.type", "send",
		"messaging.consumer.group.name", "")...)
	mustHave(t, "process", attributes(processed), append(common, "messaging.operation.name", "process", "messaging.operation.type", "process",
		"messaging.consumer.group.name", "stats")...)
	if got := sent.InstrumentationScope(); got.Name != "github.com/nais/spor/kafkatrace" || got.SchemaURL != semconv.SchemaURL {
		t.Errorf("scope: got %+v", got)
	}
}

func TestNamesOfTheConventions(t *testing.T) {
	for value, want := range map[string][2]string{
		"":              {"quotes publish", "quotes process"},
		"messaging/dup": {"quotes publish", "quotes process"},
		"messaging":     {"send quotes", "process quotes"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("OTEL_SEMCONV_STABILITY_OPT_IN", value)
			sdk := oteltest.New(t)
			tracer := kafkatrace.NewTracer(options(sdk)...)
			m, _ := record()
			_, end := tracer.StartSend(t.Context(), m)
			end(nil)
			_, end = tracer.StartProcess(t.Context(), m)
			end(nil)
			spans := sdk.Wait(t, 2)
			if got := [2]string{spans[0].Name(), spans[1].Name()}; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if has := sdk.Metric(t, "kafka.producer.records_sent_total") != nil; has != (value != "messaging") {
				t.Errorf("has the metric of the Nais APM card: got %t", has)
			}
		})
	}
}

func TestSamplersSeeAttributes(t *testing.T) {
	seen := &sampler{Sampler: sdktrace.NeverSample()}
	sdk := oteltest.New(t, sdktrace.WithSampler(seen))
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithConsumerGroup("stats"), kafkatrace.WithKey(nil))...)
	m, _ := record()
	m.Partition, m.Tombstone, m.Key = 3, true, []byte("k")
	tracer.StartProcess(t.Context(), m)
	mustHave(t, "process", oteltest.Map(seen.attrs), "messaging.system", "kafka", "messaging.destination.name", "quotes",
		"messaging.destination.partition.id", "3", "messaging.operation.type", "process", "messaging.operation.name", "process",
		"messaging.consumer.group.name", "stats", "messaging.kafka.message.tombstone", "true", "messaging.kafka.message.key", "k")
	tracer.StartSend(t.Context(), m)
	mustHave(t, "send", oteltest.Map(seen.attrs), "messaging.system", "kafka", "messaging.destination.name", "quotes",
		"messaging.operation.type", "send", "messaging.kafka.message.tombstone", "true", "messaging.kafka.message.key", "k")
}

func TestPlaceIsToldOnlyByBrokers(t *testing.T) {
	for name, tt := range map[string]struct {
		acked bool
		err   error
		known bool
	}{
		"acknowledged":            {true, nil, true},
		"no acknowledgements":     {false, nil, false},
		"refused":                 {false, kerr.NotEnoughReplicas, false},
		"refused, and said acked": {true, kerr.NotEnoughReplicas, false},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			m, _ := record()
			_, end := kafkatrace.NewTracer(options(sdk)...).StartSend(t.Context(), m)
			m.Acked = tt.acked
			end(tt.err)
			attrs := attributes(sdk.Only(t))
			_, partition := attrs["messaging.destination.partition.id"]
			_, offset := attrs["messaging.kafka.offset"]
			if partition != tt.known || offset != tt.known {
				t.Errorf("got %v", attrs)
			}
		})
	}
}

type quotingError struct{ record string }

func (e quotingError) Error() string { return "bad record " + e.record }

func TestErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		kind   string
		failed bool
	}{
		"code":          {kerr.NotEnoughReplicas, "NOT_ENOUGH_REPLICAS", true},
		"newer name":    {kerr.NotLeaderForPartition, "NOT_LEADER_OR_FOLLOWER", true},
		"unknown":       {kerr.UnknownServerError, "UNKNOWN_SERVER_ERROR", true},
		"beyond table":  {&kerr.Error{Code: 9999}, "9999", true},
		"wrapped code":  {fmt.Errorf("send: %w", kerr.MessageTooLarge), "MESSAGE_TOO_LARGE", true},
		"joined code":   {errors.Join(io.EOF, kerr.MessageTooLarge), "MESSAGE_TOO_LARGE", true},
		"timeout":       {fmt.Errorf("send: %w", context.DeadlineExceeded), "timeout", true},
		"canceled":      {fmt.Errorf("send: %w", context.Canceled), "canceled", false},
		"quotes record": {quotingError{"01017012345"}, "github.com/nais/spor/kafkatrace_test.quotingError", true},
		"typed nil":     {(*kerr.Error)(nil), "*kerr.Error", true},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			tracer := kafkatrace.NewTracer(options(sdk)...)
			m, _ := record()
			if got := tracer.Process(t.Context(), m, func(context.Context) error { return tt.err }); got != tt.err { //nolint:errorlint // it must be the same error
				t.Errorf("returned %v, want %v", got, tt.err)
			}
			s := sdk.Only(t)
			mustHave(t, name, attributes(s), "error.type", tt.kind)
			want := sdktrace.Status{}
			if tt.failed {
				want = sdktrace.Status{Code: codes.Error, Description: tt.kind}
			}
			if s.Status() != want || len(s.Events()) > 0 {
				t.Errorf("got %v and %v, want %v", s.Status(), s.Events(), want)
			}
		})
	}
}

func TestPanicGoesOn(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, _ := record()
	func() {
		defer func() {
			if v := recover(); v != "at the disco" {
				t.Errorf("recovered %v", v)
			}
		}()
		tracer.Process(t.Context(), m, func(context.Context) error { panic("at the disco") })
	}()
	s := sdk.Only(t)
	mustHave(t, "panic", attributes(s), "error.type", "string")
	if len(s.Events()) != 1 || s.Events()[0].Name != "exception" || s.Status().Code != codes.Error {
		t.Errorf("got %v, %v", s.Status(), s.Events())
	}
	if stack := oteltest.Map(s.Events()[0].Attributes)["exception.stacktrace"]; !strings.Contains(stack, "TestPanicGoesOn") {
		t.Errorf("the stack trace does not contain the test function: %s", stack)
	}
}

func TestGoroutineThatEnds(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, _ := record()
	done := make(chan struct{})
	go func() {
		defer close(done)
		tracer.Process(context.Background(), m, func(context.Context) error { runtime.Goexit(); return nil })
	}()
	<-done
	mustHave(t, "Goexit", attributes(sdk.Only(t)), "error.type", "_OTHER")
}

// TestNilPanicGoesOn checks panic(nil), for which recover returns nil with panicnil=1.
func TestNilPanicGoesOn(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk)...)
	m, _ := record()
	returned := false
	func() {
		defer func() { _ = recover() }()
		tracer.Process(context.Background(), m, func(context.Context) error { panic(nil) })
		returned = true
	}()
	if returned {
		t.Error("Process returned, want a panic")
	}
	mustHave(t, "panic(nil)", attributes(sdk.Only(t)), "error.type", "_OTHER")
}

func TestParents(t *testing.T) {
	type row struct {
		opts    []kafkatrace.Option
		ambient bool
		headers []field
		parent  string // expected: "ambient", a traceparent without flags, or ""
		linked  bool
	}
	sender := parentA[:52]
	for name, tt := range map[string]row{
		"sender":                          {nil, false, headers("traceparent", parentA), sender, true},
		"sender, not the poll loop":       {nil, true, headers("traceparent", parentA), sender, true},
		"none":                            {nil, false, nil, "", false},
		"none, nor the poll loop":         {nil, true, nil, "", false},
		"none by choice":                  {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentNone)}, true, headers("traceparent", parentA), "", true},
		"none by choice, no sender":       {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentNone)}, true, nil, "", false},
		"ambient":                         {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentAmbient)}, true, headers("traceparent", parentA), "ambient", true},
		"ambient without sender":          {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentAmbient)}, true, nil, "ambient", false},
		"ambient that is not there":       {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentAmbient)}, false, headers("traceparent", parentA), sender, true},
		"none by choice, the last counts": {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentAmbient), kafkatrace.WithParent(kafkatrace.ParentNone)}, false, headers("traceparent", parentA), "", true},
		"the last counts":                 {[]kafkatrace.Option{kafkatrace.WithParent(kafkatrace.ParentNone), kafkatrace.WithParent(kafkatrace.ParentSender)}, true, headers("traceparent", parentA), sender, true},
		"trace state":                     {nil, true, headers("traceparent", parentA, "tracestate", "a=1"), sender, true},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			ctx, want := t.Context(), tt.parent
			if tt.ambient {
				var ambient trace.Span
				ctx, ambient = sdk.TracerProvider.Tracer("").Start(ctx, "poll loop")
				defer ambient.End()
				if want == "ambient" {
					want = kafkatrace.Save(ctx)[:52]
				}
			}
			m, _ := record(tt.headers...)
			_, end := kafkatrace.NewTracer(options(sdk, tt.opts...)...).StartProcess(ctx, m)
			end(nil)
			s := sdk.Wait(t, 1)[0]
			if got := parentOf(s); got != want {
				t.Errorf("parent: got %q, want %q", got, want)
			}
			if linked := len(s.Links()) == 1 && s.Links()[0].SpanContext.SpanID().String() == sender[36:]; linked != tt.linked {
				t.Errorf("links: got %v", s.Links())
			}
			if strings.Contains(name, "state") && s.SpanContext().TraceState().String() != "a=1" {
				t.Errorf("trace state: got %q", s.SpanContext().TraceState())
			}
		})
	}
}

func TestKey(t *testing.T) {
	hash := func(key []byte) string { sum := sha256.Sum256(key); return hex.EncodeToString(sum[:4]) }
	for name, tt := range map[string]struct {
		opts []kafkatrace.Option
		key  []byte
		want string
	}{
		"default":      {nil, []byte("01017012345"), ""},
		"as it is":     {[]kafkatrace.Option{kafkatrace.WithKey(nil)}, []byte("quote-1"), "quote-1"},
		"formatted":    {[]kafkatrace.Option{kafkatrace.WithKey(hash)}, []byte("quote-1"), hash([]byte("quote-1"))},
		"none":         {[]kafkatrace.Option{kafkatrace.WithKey(hash)}, nil, ""},
		"binary":       {[]kafkatrace.Option{kafkatrace.WithKey(nil)}, []byte{0xff, 0}, ""},
		"long":         {[]kafkatrace.Option{kafkatrace.WithKey(nil)}, []byte(strings.Repeat("é", 200) + "x"), strings.Repeat("é", 128)},
		"cut number":   {[]kafkatrace.Option{kafkatrace.WithKey(nil)}, []byte(strings.Repeat("x", 249) + " 01017012345"), strings.Repeat("x", 249) + " ******"},
		"long and odd": {[]kafkatrace.Option{kafkatrace.WithKey(nil)}, []byte("x" + strings.Repeat("é", 200)), "x" + strings.Repeat("é", 127)},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			m, _ := record()
			m.Key = tt.key
			_, end := kafkatrace.NewTracer(options(sdk, tt.opts...)...).StartProcess(t.Context(), m)
			end(nil)
			mustHave(t, name, attributes(sdk.Only(t)), "messaging.kafka.message.key", tt.want)
		})
	}
}

func TestWithoutSDK(t *testing.T) {
	tracer := kafkatrace.NewTracer(kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()), kafkatrace.WithPropagator(oteltest.W3C))
	m, own := record(headers("traceparent", parentA)...)
	_, end := tracer.StartSend(t.Context(), m)
	end(nil)
	if got := string((*own)[0].Value); len(*own) != 1 || got != parentA {
		t.Errorf("headers of the record: got %q", *own)
	}
	_, end = tracer.StartSend(remote(t, parentB), m)
	end(nil)
	if got := string((*own)[0].Value); len(*own) != 1 || got != parentB {
		t.Errorf("the span in the context must be sent: got %q", *own)
	}
	tracer.Process(t.Context(), m, func(ctx context.Context) error {
		if got := kafkatrace.Save(ctx); got != parentB {
			t.Errorf("in the handler: got %q", got)
		}
		return nil
	})
}

func TestSDKThatComesLater(t *testing.T) {
	tracer := kafkatrace.NewTracer()
	m, own := record()
	_, end := tracer.StartSend(remote(t, parentA), m)
	end(nil)
	if len(*own) > 0 {
		t.Errorf("without a propagator: got %q", *own)
	}
	sdk := oteltest.New(t)
	sdk.Install(t)
	_, end = tracer.StartSend(t.Context(), m)
	end(nil)
	if sdk.Only(t).Name() != "quotes publish" || len(*own) != 1 || sdk.Metric(t, "messaging.client.sent.messages") == nil {
		t.Error("the SDK that was installed later is not used")
	}
}

func TestMutedContextStaysSilent(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithCommitSpans())...)
	ctx := suppress.Context(t.Context())
	m, _ := record()
	_, end := tracer.StartSend(ctx, m)
	end(nil)
	err := errors.Join(tracer.Process(ctx, m, nothing), tracer.Commit(ctx, nothing),
		tracer.ProcessBatch(ctx, func(yield func(*kafkatrace.Message) bool) { yield(m) }, nothing))
	if err != nil || sdk.Started() > 0 || sdk.Metric(t, "messaging.client.sent.messages") != nil || sdk.Metric(t, "messaging.process.duration") != nil {
		t.Errorf("%d spans, %v", sdk.Started(), err)
	}
}

func TestMeasurementsAlone(t *testing.T) {
	sdk := oteltest.New(t)
	tracer := kafkatrace.NewTracer(options(sdk, kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()))...)
	m, own := record(headers("traceparent", parentA)...)
	_, end := tracer.StartSend(remote(t, parentB), m)
	end(nil)
	tracer.Process(t.Context(), m, nothing)
	if got := string((*own)[0].Value); len(*own) != 1 || got != parentB {
		t.Errorf("got %q", *own)
	}
	if len(sdk.Seconds(t, "messaging.client.operation.duration")) != 1 || len(sdk.Seconds(t, "messaging.process.duration")) != 1 || sdk.Started() > 0 {
		t.Error("not measured")
	}
}
