package grpctrace_test

import (
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestWakesUp checks that a server and a client record calls if the SDK is installed after they
// were created.
func TestWakesUp(t *testing.T) {
	conn := connect(t, grpctrace.NewServer(), echo{}, grpctrace.DialOptions()...)
	call(t, conn)
	sdk := oteltest.New(t)
	sdk.Install(t)
	call(t, conn)
	spans := sdk.Wait(t, 2)
	if got, want := spans[0].SpanContext().TraceID(), spans[1].SpanContext().TraceID(); got != want {
		t.Errorf("spans of traces %v and %v", got, want)
	}
}

// TestTraceContextPassesThrough checks that a server or a client with no-op providers still
// passes the trace context on.
func TestTraceContextPassesThrough(t *testing.T) {
	sdk := oteltest.New(t)
	noop := []grpctrace.Option{
		grpctrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		grpctrace.WithMeterProvider(metricnoop.NewMeterProvider()),
		grpctrace.WithPropagator(sdk.Propagator),
	}
	for name, tt := range map[string]struct{ server, middle []grpctrace.Option }{
		"no-op client": {options(sdk), noop},
		"no-op server": {append(noop, grpctrace.WithPublicEndpoint()), options(sdk)},
	} {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, grpctrace.NewServer(grpctrace.ServerOptions(tt.server...)...), echo{}, grpctrace.DialOptions(tt.middle...)...)
			ctx, span := sdk.TracerProvider.Tracer("test").Start(t.Context(), "caller")
			callUnder(t, ctx, conn)
			span.End()
			for _, below := range sdk.Wait(t, 2) {
				if got, want := below.Parent().SpanID(), span.SpanContext().SpanID(); below.Name() != "caller" && got != want {
					t.Errorf("parent is %v, want %v", got, want)
				}
			}
			sdk.Forget()
		})
	}
}

func TestMeasuresWithoutTracing(t *testing.T) {
	sdk := oteltest.New(t)
	opts := options(sdk, grpctrace.WithTracerProvider(tracenoop.NewTracerProvider()), grpctrace.WithAttributes(attribute.String("a", "b")))
	call(t, connect(t, grpctrace.NewServer(grpctrace.ServerOptions(opts...)...), echo{}, grpctrace.DialOptions(opts...)...))
	for _, name := range []string{"rpc.server.call.duration", "rpc.client.call.duration"} {
		oteltest.Eventually(t, func() bool { return len(sdk.Seconds(t, name)) == 1 })
		if got := oteltest.Map(sdk.Seconds(t, name)[0].Attributes.ToSlice()); got["a"] != "b" || got["rpc.response.status_code"] != "OK" {
			t.Errorf("%s measured %v", name, got)
		}
	}
}

func TestTracesWithoutMeasuring(t *testing.T) {
	sdk := oteltest.New(t)
	opts := options(sdk, grpctrace.WithMeterProvider(metricnoop.NewMeterProvider()), grpctrace.WithAttributes(attribute.String("a", "b")))
	call(t, connect(t, grpctrace.NewServer(grpctrace.ServerOptions(opts...)...), echo{}, grpctrace.DialOptions(opts...)...))
	for _, span := range sdk.Wait(t, 2) {
		if got := oteltest.Map(span.Attributes()); got["a"] != "b" {
			t.Errorf("attributes %v", got)
		}
		if got := span.InstrumentationScope(); got.Name != "github.com/nais/spor/grpctrace" || got.SchemaURL == "" {
			t.Errorf("scope %v", got)
		}
	}
}

// TestIgnoresOptIn checks that OTEL_SEMCONV_STABILITY_OPT_IN has no effect. The values in this
// test would request the older attribute names.
func TestIgnoresOptIn(t *testing.T) {
	for _, value := range []string{"rpc/old", "rpc/dup"} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("OTEL_SEMCONV_STABILITY_OPT_IN", value)
			sdk := oteltest.New(t)
			call(t, connect(t, grpctrace.NewServer(grpctrace.ServerOptions(options(sdk)...)...), echo{}, grpctrace.DialOptions(options(sdk)...)...))
			for _, span := range sdk.Wait(t, 2) {
				got := oteltest.Map(span.Attributes())
				if got["rpc.method"] != span.Name() || got["rpc.system.name"] != "grpc" || got["rpc.service"] != "" {
					t.Errorf("attributes %v", got)
				}
			}
			if got := sdk.Seconds(t, "rpc.server.duration"); got != nil {
				t.Errorf("measured %v", got)
			}
		})
	}
}

func TestNoopRegistersNothing(t *testing.T) {
	opts := []grpctrace.Option{
		grpctrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		grpctrace.WithMeterProvider(metricnoop.NewMeterProvider()),
		nil,
	}
	if n := len(grpctrace.ServerOptions(opts...)); n != 1 { // only serverOption, which has no effect
		t.Errorf("%d server options", n)
	}
	if n := len(grpctrace.DialOptions(opts...)); n != 1 {
		t.Errorf("%d dial options", n)
	}
	sdk := oteltest.New(t)
	sdk.Install(t)
	call(t, connect(t, grpctrace.NewServer(grpctrace.ServerOptions(append(opts, grpctrace.WithPropagator(otel.GetTextMapPropagator()))...)...), echo{}))
	if n := sdk.Started(); n != 0 {
		t.Errorf("%d spans", n)
	}
}

// TestOneServerOfMany checks that several servers can be created with the same options.
func TestOneServerOfMany(t *testing.T) {
	sdk := oteltest.New(t)
	opts := grpctrace.ServerOptions(options(sdk)...)
	for range 2 {
		call(t, connect(t, grpctrace.NewServer(opts...), echo{}))
	}
	call(t, connect(t, grpc.NewServer(opts...), echo{}))
	for _, span := range sdk.Wait(t, 3) {
		if got := span.Name(); got != "grpc.testing.TestService/UnaryCall" {
			t.Errorf("span is named %q", got)
		}
	}
	if n := len(sdk.Seconds(t, "rpc.server.call.duration")); n != 1 {
		t.Errorf("%d series", n)
	}
}
