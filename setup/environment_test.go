package setup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/metadata"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// The function delivered starts telemetry and ends one span. The argument pairs contains the
// names and values of environment variables. The first result is true if the collector received
// the span. The second result is the error of Start.
func delivered(t *testing.T, c *collector, pairs ...string) (bool, error) {
	t.Helper()
	environment(t, pairs...)
	logLines(t)
	before := c.count()
	shutdown, err := start(t)
	endSpans(1)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = shutdown(ctx)
	return c.count() > before, err
}

// mustName checks that the text of err contains each part.
func mustName(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("error: got none, want one that names %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error: got %q, want it to name %q", err, part)
		}
	}
}

func TestEndpointForms(t *testing.T) {
	c := listen(t, ":0")
	_, port, _ := strings.Cut(c.Addr(), ":")
	const name = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, tt := range []struct {
		value     string
		delivered bool
		errs      []string
	}{
		{"http://127.0.0.1:" + port, true, nil},
		{"http://127.0.0.1:" + port + "/", true, nil},
		{" http://localhost:" + port + " ", true, nil},
		{"HTTP://127.0.0.1:" + port, true, nil},
		{"127.0.0.1:" + port, false, nil}, // without a scheme, the specification requires TLS
		{"https://127.0.0.1:" + port, false, nil},
		{"collector", false, []string{name, `"collector"`, "host:port"}},
		{"grpc://127.0.0.1:" + port, false, []string{name, "grpc", "http://"}},
		{"http://127.0.0.1:" + port + "/v1/traces", false, []string{name, "path"}},
		{"http://:4317", false, []string{name, "host"}},
		{"http://127.0.0.1:99999", false, []string{name, "99999"}},
		{"127.0.0.1:http", false, []string{name, "port"}},
		{"http://user:hunter2@127.0.0.1:" + port, false, []string{name, "OTEL_EXPORTER_OTLP_HEADERS"}},
		{"http://[::1", false, []string{name}},
		{"1.2.3.4:5:6", false, []string{name, "host:port"}},
	} {
		t.Run(tt.value, func(t *testing.T) {
			got, err := delivered(t, c, name, tt.value)
			if got != tt.delivered {
				t.Errorf("delivered: got %t, want %t (%v)", got, tt.delivered, err)
			}
			switch {
			case tt.errs != nil:
				mustName(t, err, tt.errs...)
			case err != nil:
				t.Errorf("error: got %v, want none", err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error repeats the password: %v", err)
			}
		})
	}
}

func TestEndpointOfTheSignalIsStronger(t *testing.T) {
	c := listen(t, ":0")
	got, err := delivered(t, c, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+closedPort(t), "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.Endpoint())
	if !got || err != nil {
		t.Errorf("delivered: got %t, %v, want true", got, err)
	}
}

func TestSecurityThatContradictsTheScheme(t *testing.T) {
	c := listen(t, ":0")
	pem := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(pem, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const endpoint, insecure, ca = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_INSECURE", "OTEL_EXPORTER_OTLP_CERTIFICATE"
	for _, tt := range []struct {
		name      string
		pairs     []string
		delivered bool
		errs      []string
	}{
		{"as NAIS sets it", []string{endpoint, c.Endpoint(), insecure, "true"}, true, nil},
		{"address alone and insecure", []string{endpoint, c.Addr(), insecure, "true"}, true, nil},
		{"https and insecure", []string{endpoint, "https://" + c.Addr(), insecure, "true"}, false, []string{insecure, "https"}},
		{"http and secure", []string{endpoint, c.Endpoint(), insecure, "false"}, true, []string{insecure, "http"}},
		{"http and a certificate", []string{endpoint, c.Endpoint(), ca, pem}, true, []string{ca, "http"}},
		{"insecure is no boolean", []string{endpoint, c.Endpoint(), insecure, "1"}, true, []string{insecure, `"1"`, "true or false"}},
		{"certificate is missing", []string{endpoint, "https://" + c.Addr(), ca, pem + ".none"}, false, []string{ca, "no such file"}},
		{"certificate is none", []string{endpoint, "https://" + c.Addr(), ca, pem}, false, []string{ca, "PEM"}},
		{"key is alone", []string{endpoint, "https://" + c.Addr(), "OTEL_EXPORTER_OTLP_CLIENT_KEY", pem}, false, []string{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := delivered(t, c, tt.pairs...)
			if got != tt.delivered {
				t.Errorf("delivered: got %t, want %t (%v)", got, tt.delivered, err)
			}
			if tt.errs != nil {
				mustName(t, err, tt.errs...)
			} else if err != nil {
				t.Errorf("error: got %v, want none", err)
			}
		})
	}
}

func TestProtocolMustBeGRPC(t *testing.T) {
	c := listen(t, ":0")
	for _, name := range []string{
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_PROTOCOL",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_TRACES_PROTOCOL",
	} {
		for _, value := range []string{"grpc", "GRPC", "http/protobuf", "HTTP/JSON", "gprc"} {
			t.Run(name+"="+value, func(t *testing.T) {
				got, err := delivered(t, c, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), name, value)
				if want := strings.EqualFold(value, "grpc"); got != want {
					t.Errorf("delivered: got %t, want %t", got, want)
				}
				if strings.EqualFold(value, "grpc") {
					if err != nil {
						t.Errorf("error: got %v, want none", err)
					}
					return
				}
				mustName(t, err, name, strconv.Quote(value), "want grpc")
				if n := strings.Count(err.Error(), name); n != 1 {
					t.Errorf("problems: got %d, want 1: %v", n, err)
				}
			})
		}
	}
}

func TestNumbersOutOfRange(t *testing.T) {
	c := listen(t, ":0")
	for _, tt := range []struct{ name, value, cure string }{
		{"OTEL_BSP_MAX_QUEUE_SIZE", "-1", "whole number"},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "0", "whole number"},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999999", "whole number"},
		{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1", "whole number"},
		{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1000000", "OTEL_BSP_MAX_QUEUE_SIZE"},
		{"OTEL_BSP_SCHEDULE_DELAY", "-5", "milliseconds"},
		{"OTEL_BSP_SCHEDULE_DELAY", "5s", "5000 for 5s"},
		{"OTEL_BSP_SCHEDULE_DELAY", "abc", "milliseconds"},
		{"OTEL_BSP_EXPORT_TIMEOUT", "-1", "milliseconds"},
		{"OTEL_METRIC_EXPORT_INTERVAL", "2147483648", "from 1 to 2147483647"},
		{"OTEL_METRIC_EXPORT_INTERVAL", "0", "60000 is used"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "10000 for 10s"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "milliseconds"},
		{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2147483648", "milliseconds"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip or none"},
		{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", "whole number"},
		{"OTEL_SPAN_EVENT_COUNT_LIMIT", "many", "whole number"},
		{"OTEL_SPAN_LINK_COUNT_LIMIT", "1.5", "whole number"},
		{"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "-7", "whole number"},
		{"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "-7", "whole number"},
		{"OTEL_ATTRIBUTE_COUNT_LIMIT", "x", "whole number"},
		{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "x", "whole number"},
		{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "x", "whole number"},
		{"OTEL_SDK_DISABLED", "yes", "true or false"},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			got, err := delivered(t, c, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), tt.name, tt.value)
			if !got {
				t.Error("the span was not delivered")
			}
			mustName(t, err, tt.name, strconv.Quote(tt.value), tt.cure)
		})
	}
}

// TestNumbersOfTheSpecification checks that spans are delivered with the lowest and the highest
// numbers that the specification allows. A large queue must not be allocated at the start.
func TestNumbersOfTheSpecification(t *testing.T) {
	c := listen(t, ":0")
	const highest = "2147483647"
	for _, pairs := range [][]string{
		{"OTEL_BSP_SCHEDULE_DELAY", "0"},
		{"OTEL_BSP_EXPORT_TIMEOUT", "0", "OTEL_EXPORTER_OTLP_TIMEOUT", "0", "OTEL_METRIC_EXPORT_TIMEOUT", "0", "OTEL_BLRP_EXPORT_TIMEOUT", "0"},
		{"OTEL_BLRP_SCHEDULE_DELAY", "0"},
		{"OTEL_BSP_SCHEDULE_DELAY", highest, "OTEL_BSP_EXPORT_TIMEOUT", highest, "OTEL_EXPORTER_OTLP_TIMEOUT", highest},
		{"OTEL_METRIC_EXPORT_INTERVAL", highest, "OTEL_METRIC_EXPORT_TIMEOUT", highest, "OTEL_BLRP_SCHEDULE_DELAY", highest, "OTEL_BLRP_EXPORT_TIMEOUT", highest},
		{"OTEL_BSP_MAX_QUEUE_SIZE", highest, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", highest},
		{"OTEL_BLRP_MAX_QUEUE_SIZE", highest, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", highest},
	} {
		t.Run(strings.Join(pairs, "="), func(t *testing.T) {
			provider := otel.GetLoggerProvider()
			t.Cleanup(func() { otel.SetLoggerProvider(provider) })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := delivered(t, c, append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_LOGS_EXPORTER", "otlp"}, pairs...)...)
			runtime.ReadMemStats(&after)
			if !got || err != nil {
				t.Errorf("delivered: got %t, %v, want true", got, err)
			}
			if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 100 {
				t.Errorf("allocated %d MiB", allocated)
			}
		})
	}
}

func TestAnyNumberIsSafe(t *testing.T) {
	c := listen(t, ":0")
	names := []string{
		"OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT",
		"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
	}
	values := []string{"-9223372036854775808", "9223372036854775807", "-1", "0", "1", "2", "1e9", "0x10", " 7 ", "٣"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		pairs := []string{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint()}
		for _, name := range names {
			pairs = append(pairs, name, values[random.IntN(len(values))])
		}
		if got, err := delivered(t, c, pairs...); !got && !hasTinyTimeout(pairs) {
			t.Errorf("%q: not delivered: %v", pairs, err)
		}
	}
}

func hasTinyTimeout(pairs []string) bool {
	milliseconds, err := strconv.Atoi(strings.TrimSpace(pairs[len(pairs)-5]))
	return err == nil && milliseconds > 0 && milliseconds < 100
}

func TestSampler(t *testing.T) {
	unsampled := strings.TrimSuffix(sampledParent, "01") + "00"
	for _, tt := range []struct {
		name, sampler, arg           string
		root, underSampled, underNot bool
		errs                         []string
		option                       sdktrace.Sampler
	}{
		{name: "default", root: true, underSampled: true},
		{name: "always_on", sampler: "always_on", root: true, underSampled: true, underNot: true},
		{name: "any case", sampler: " ALWAYS_ON ", root: true, underSampled: true, underNot: true},
		{name: "always_off", sampler: "always_off"},
		{name: "parentbased_always_off", sampler: "parentbased_always_off", underSampled: true},
		{name: "ratio 0", sampler: "parentbased_traceidratio", arg: "0", underSampled: true},
		{name: "ratio alone", sampler: "traceidratio", root: true, underSampled: true, underNot: true},
		{name: "percent", sampler: "parentbased_traceidratio", arg: "10%", root: true, underSampled: true, errs: []string{"OTEL_TRACES_SAMPLER_ARG", `"10%"`, "0.1 for 10 %"}},
		{name: "ten", sampler: "traceidratio", arg: "10", root: true, underSampled: true, errs: []string{"OTEL_TRACES_SAMPLER_ARG", "from 0 to 1"}},
		{name: "not a number", sampler: "traceidratio", arg: "NaN", root: true, underSampled: true, errs: []string{"OTEL_TRACES_SAMPLER_ARG", "NaN"}},
		{name: "jaeger_remote", sampler: "jaeger_remote", arg: "endpoint=x", root: true, underSampled: true, errs: []string{"OTEL_TRACES_SAMPLER", "jaeger_remote"}},
		{name: "argument alone", arg: "0.1", root: true, underSampled: true, errs: []string{"OTEL_TRACES_SAMPLER_ARG", "parentbased_traceidratio"}},
		{name: "option", option: sdktrace.NeverSample()},
		{name: "option and the platform's default", sampler: "parentbased_always_on", option: sdktrace.NeverSample()},
		{name: "option and another variable", sampler: "always_on", option: sdktrace.NeverSample(), root: true, underSampled: true, underNot: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, "OTEL_TRACES_SAMPLER", tt.sampler, "OTEL_TRACES_SAMPLER_ARG", tt.arg)
			logLines(t)
			_, err := start(t, setup.WithSpanProcessor(&ended{}), setup.WithSampler(tt.option))
			if tt.errs != nil {
				mustName(t, err, tt.errs...)
				if n := strings.Count(err.Error(), "setup: "); n != 1 {
					t.Errorf("problems: got %d, want 1: %v", n, err)
				}
			} else if err != nil {
				t.Errorf("error: got %v, want none", err)
			}
			for _, c := range []struct {
				name string
				ctx  context.Context
				want bool
			}{
				{"root", t.Context(), tt.root},
				{"under a sampled parent", remote(sampledParent), tt.underSampled},
				{"under an unsampled parent", remote(unsampled), tt.underNot},
			} {
				_, span := otel.Tracer("test").Start(c.ctx, "work", trace.WithSpanKind(trace.SpanKindServer))
				if got := span.IsRecording(); got != c.want {
					t.Errorf("%s: recording: got %t, want %t", c.name, got, c.want)
				}
				span.End()
			}
		})
	}
}

func TestHeadersKeepTheGoodOnes(t *testing.T) {
	environment(t)
	log := logLines(t)
	headers := make(chan map[string][]string, 1)
	server := listenFor(t, headers)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2,noequals-hunter3,b@d=hunter4,x=%ZZhunter5, x-team = spor ,z=%0Ahunter6")
	shutdown, err := start(t)
	mustName(t, err, "OTEL_EXPORTER_OTLP_HEADERS", "item 2", "item 3", "item 4", "item 6")
	endSpans(1)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-headers
	for name, want := range map[string]string{"authorization": "Bearer hunter2", "x-team": "spor"} {
		if fmt.Sprint(got[name]) != "["+want+"]" {
			t.Errorf("header %s: got %q, want %q", name, got[name], want)
		}
	}
	if said := err.Error() + log.String(); strings.Contains(said, "hunter") {
		t.Errorf("a header's value is repeated: %s", said)
	}
}

func TestCompressionReachesTheCollector(t *testing.T) {
	c := listen(t, ":0")
	if got, err := delivered(t, c, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"); !got || err != nil {
		t.Errorf("delivered: got %t, %v, want true", got, err)
	}
}

func TestLimits(t *testing.T) {
	environment(t, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4", "OTEL_SPAN_EVENT_COUNT_LIMIT", "0")
	logLines(t)
	seen := &ended{}
	mustStart(t, setup.WithSpanProcessor(seen))
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.SetAttributes(attribute.String("a", "123456"), attribute.String("b", "x"), attribute.String("c", "x"))
	span.AddEvent("e")
	span.End()
	s := seen.spans[0]
	if got, want := fmt.Sprintf("%d %s %d", len(s.Attributes()), s.Attributes()[0].Value.AsString(), len(s.Events())), "2 1234 0"; got != want {
		t.Errorf("attributes, value, events: got %s, want %s", got, want)
	}
}

func TestLongValuesAreCutByDefault(t *testing.T) {
	environment(t)
	logLines(t)
	seen := &ended{}
	mustStart(t, setup.WithSpanProcessor(seen))
	_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithAttributes(attribute.String("body", strings.Repeat("x", 1<<20))))
	span.End()
	if got, want := len(seen.spans[0].Attributes()[0].Value.AsString()), 8192; got != want {
		t.Errorf("length: got %d, want %d", got, want)
	}
}

// TestProcessorsSeeTheLimit checks that a processor of the program gets values that are cut at the
// limit, although the SDK gets a higher limit. It gets all other values as they are.
func TestProcessorsSeeTheLimit(t *testing.T) {
	environment(t, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "20")
	logLines(t)
	seen := &ended{}
	mustStart(t, setup.WithSpanProcessor(seen))
	long := "some words 01017012345 and more"
	span := func(attrs ...attribute.KeyValue) attribute.Set {
		_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithAttributes(attrs...))
		span.End()
		return attribute.NewSet(seen.spans[len(seen.spans)-1].Attributes()...)
	}
	got := span(attribute.String("short", "01017012345"), attribute.String("wide", "ææææææææææææææææææææ"), attribute.String("long", long),
		attribute.StringSlice("list", []string{"x", long}), attribute.Slice("values", attribute.StringValue(long)),
		attribute.Map("map", attribute.String("k", long)), attribute.ByteSlice("bytes", []byte(long)), attribute.Int("n", 1))
	cut := "some words *********"
	want := attribute.NewSet(attribute.String("short", "01017012345"), attribute.String("wide", "ææææææææææææææææææææ"), attribute.String("long", cut),
		attribute.StringSlice("list", []string{"x", cut}), attribute.Slice("values", attribute.StringValue(cut)),
		attribute.Map("map", attribute.String("k", cut)), attribute.ByteSlice("bytes", []byte(cut)), attribute.Int("n", 1))
	if got != want {
		t.Errorf("got %v, want %v", got.ToSlice(), want.ToSlice())
	}
	if got := span(); got.Len() != 0 {
		t.Errorf("no attributes: got %v", got.ToSlice())
	}
}

// listenFor starts a collector. For each request, the collector sends the metadata to the
// channel headers.
func listenFor(t *testing.T, headers chan<- map[string][]string) (endpoint string) {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(ctx context.Context, _ *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			headers <- md
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.Endpoint()
}
