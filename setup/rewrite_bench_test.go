package setup_test

import (
	"context"
	"net"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/nais/spor/setup"
)

// batchSize is the default batch size of the SDK's batch processor.
const batchSize = 512

// httpBatch returns a full batch of spans. One half are server spans. The other half are client
// spans, for the requests that the server sends to another service.
func httpBatch() []sdktrace.ReadOnlySpan {
	var batch ended
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(&batch))
	tracer := provider.Tracer("github.com/nais/spor/httptrace", trace.WithInstrumentationVersion("0.1.0"))
	for range batchSize / 2 {
		ctx, server := tracer.Start(remote(sampledParent), "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			semconv.HTTPRequestMethodGet, semconv.URLScheme("http"), semconv.ServerAddress("orders.team"), semconv.NetworkPeerAddress("10.6.1.12"),
			semconv.NetworkPeerPort(41234), semconv.URLPath("/orders/4711"), semconv.HTTPRoute("/orders/{id}"), semconv.NetworkProtocolVersion("1.1"),
			semconv.UserAgentOriginal("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")))
		_, client := tracer.Start(ctx, "GET", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			semconv.HTTPRequestMethodGet, semconv.URLFull("http://stock.team/items?order=4711&page=2"), semconv.ServerAddress("stock.team"),
			semconv.ServerPort(80), semconv.NetworkProtocolVersion("1.1")))
		for _, span := range []trace.Span{client, server} {
			span.SetAttributes(semconv.HTTPResponseStatusCode(200), attribute.Int("http.response.body.size", 512))
			span.End()
		}
	}
	return batch.spans
}

type discard struct{ attributes int }

func (d *discard) Shutdown(context.Context) error { return nil }

func (d *discard) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		d.attributes += len(span.Attributes())
	}
	return nil
}

func BenchmarkRewrite(b *testing.B) {
	benchmarkExport(b, "exporter=discard/lib=otel", &discard{})
	benchmarkExport(b, "exporter=discard/lib=spor", setup.Rewriting(&discard{}))
}

// BenchmarkExport measures how OpenTelemetry's exporter exports a batch, once with rewriting
// and once without it. The server is on loopback and does not decode the requests.
func BenchmarkExport(b *testing.B) {
	endpoint := idleServer(b)
	exporter, err := otlptrace.New(b.Context(), otlptracegrpc.NewClient(
		otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := exporter.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
	benchmarkExport(b, "exporter=otlp/lib=otel", exporter)
	benchmarkExport(b, "exporter=otlp/lib=spor", setup.Rewriting(exporter))
}

func benchmarkExport(b *testing.B, name string, e sdktrace.SpanExporter) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		batch := httpBatch()
		b.ReportAllocs()
		for b.Loop() {
			if err := e.ExportSpans(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchSize, "ns/span")
	})
}

func idleServer(b *testing.B) (endpoint string) {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(blind{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(nil); err != nil {
			return err
		}
		return stream.SendMsg(nil)
	}))
	go server.Serve(l)
	b.Cleanup(server.Stop)
	return l.Addr().String()
}

// blind is a codec that ignores all messages.
type blind struct{}

func (blind) Marshal(any) (mem.BufferSlice, error) { return nil, nil }
func (blind) Unmarshal(mem.BufferSlice, any) error { return nil }
func (blind) Name() string                         { return "proto" }
