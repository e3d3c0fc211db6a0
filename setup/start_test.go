package setup_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/setup"
)

func TestStartExportsToTheCollector(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_SERVICE_NAME", "orders")
	shutdown := mustStart(t)
	endSpans(3)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := c.count(), 3; got != want {
		t.Errorf("spans: got %d, want %d", got, want)
	}
	if got, want := c.resource["service.name"], "orders"; got != want {
		t.Errorf("service.name: got %q, want %q", got, want)
	}
}

func TestStartNeedsNoCollector(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections, but never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, tt := range []struct{ name, endpoint string }{
		{"refused", "http://" + closedPort(t)},
		{"unresolvable", "http://collector.invalid:4317"},
		{"silent", "http://" + silent.Addr().String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", tt.endpoint)
			logLines(t)
			begin := time.Now()
			mustStart(t)
			if took := time.Since(begin); took > 2*time.Second { // the limits for a connection are longer
				t.Errorf("Start took %s, although it must not wait", took)
			}
		})
	}
}

func TestStartWithoutEndpointTellsHow(t *testing.T) {
	environment(t)
	log := logLines(t)
	before := runtime.NumGoroutine()
	mustStart(t)
	if got := runtime.NumGoroutine(); got > before {
		t.Errorf("goroutines: got %d, want %d", got, before)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	if span.IsRecording() {
		t.Error("span records although nothing takes it")
	}
	got := log.All(t)
	if len(got) != 1 {
		t.Fatalf("lines: got %d, want 1: %v", len(got), got)
	}
	for _, want := range []string{"spor run", "OTEL_TRACES_EXPORTER=console"} {
		if cure, _ := got[0]["cure"].(string); !strings.Contains(cure, want) {
			t.Errorf("cure: got %q, want it to name %q", cure, want)
		}
	}
}

func TestStartInAPodHasTheEndpointOfThePlatform(t *testing.T) {
	environment(t, "NAIS_CLUSTER_NAME", "dev-gcp")
	log := logLines(t)
	shutdown := mustStart(t)
	endSpans(1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := shutdown(ctx)
	if err == nil || !strings.Contains(err.Error(), "opentelemetry-collector.nais-system:4317") {
		t.Errorf("shutdown: got %v, want an error that names the platform's collector", err)
	}
	got := log.All(t)
	if len(got) != 1 || !strings.Contains(got[0]["cure"].(string), "nais.yaml") {
		t.Errorf("log: got %v, want one line with the cure", got)
	}
}

func TestShutdownDoesNotWaitForAPlatformWithoutTelemetry(t *testing.T) {
	environment(t, "NAIS_CLUSTER_NAME", "dev-gcp", "OTEL_BSP_SCHEDULE_DELAY", "10")
	log := logLines(t)
	shutdown := mustStart(t)
	endSpans(1)
	eventually(t, "a line about the collector", func() bool { return log.String() != "" })
	begin := time.Now()
	_ = shutdown(context.Background())
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Errorf("shutdown took %s, want about a second", took)
	}
}

func TestStartTwiceIsAnError(t *testing.T) {
	environment(t)
	logLines(t)
	shutdown := mustStart(t)
	again, err := setup.Start(t.Context())
	if err == nil || again == nil {
		t.Fatalf("second Start: got %v, want an error and a shutdown", err)
	}
	if err := again(t.Context()); err != nil {
		t.Errorf("its shutdown: %v", err)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t); err != nil {
		t.Errorf("Start after shutdown: %v", err)
	}
}

func TestStartDisabledStillPropagates(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_SDK_DISABLED", "TRUE")
	before := runtime.NumGoroutine()
	seen := &ended{}
	shutdown := mustStart(t, setup.WithSpanProcessor(seen))
	if got := runtime.NumGoroutine(); got > before {
		t.Errorf("goroutines: got %d, want %d", got, before)
	}
	endSpans(1)
	carrier := map[string]string{}
	otel.GetTextMapPropagator().Inject(remote(sampledParent), mapCarrier(carrier))
	if got, want := carrier["traceparent"], sampledParent; got != want {
		t.Errorf("traceparent: got %q, want %q", got, want)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.count() + seen.count(); got != 0 {
		t.Errorf("spans: got %d, want 0", got)
	}
}

func TestStartExportersOfTheVariable(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  int
		bad   bool
	}{
		{"otlp", 1, false},
		{"OTLP", 1, false},
		{" otlp , ", 1, false},
		{"none", 0, false},
		{"zipkin", 1, true},
		{"zipkin,none", 0, true},
		{"none,otlp", 1, true},
	} {
		t.Run(tt.value, func(t *testing.T) {
			c := listen(t, ":0")
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_TRACES_EXPORTER", tt.value)
			shutdown, err := start(t)
			if (err != nil) != tt.bad {
				t.Errorf("error: got %v, want one: %t", err, tt.bad)
			}
			if tt.bad && !strings.Contains(err.Error(), "OTEL_TRACES_EXPORTER") {
				t.Errorf("error: got %v, want it to name the variable", err)
			}
			endSpans(1)
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := c.count(); got != tt.want {
				t.Errorf("spans: got %d, want %d", got, tt.want)
			}
		})
	}
}

const sampledParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

type mapCarrier map[string]string

func (m mapCarrier) Get(key string) string { return m[key] }
func (m mapCarrier) Set(key, value string) { m[key] = value }
func (m mapCarrier) Keys() []string        { return nil }

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
