//go:build unix

package main_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
)

func collector(t *testing.T, answer func(*coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error)) *receiver.Server {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			return answer(r)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func accept(*coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	return nil, nil
}

// The function silence returns the address of a listener that accepts connections and sends
// nothing.
func silence(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// The function closed returns an address on which no program listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

type finding struct{ Step, State, Text, Cure string }

type findings struct {
	OK        bool
	Steps     []finding
	Variables []struct{ Name, Value, Effective string }
}

// The function ask runs spor doctor with the variables env added to the environment.
func ask(t *testing.T, env ...string) findings {
	t.Helper()
	cmd := spor(t, "doctor", "--format", "json", "--timeout", "1s")
	cmd.Env = append(cmd.Env, env...)
	r := finish(t, cmd)
	var f findings
	if err := json.Unmarshal([]byte(r.stdout), &f); err != nil {
		t.Fatalf("%v in %q, and on stderr %q", err, r.stdout, r.stderr)
	}
	if want := map[bool]int{true: 0, false: 1}[f.OK]; r.code != want {
		t.Errorf("exit code %d, want %d", r.code, want)
	}
	return f
}

func TestDoctorFindsNothing(t *testing.T) {
	var got atomic.Value
	server := collector(t, func(r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		got.Store(r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName() + " of " + r.GetResourceSpans()[0].GetResource().String())
		return nil, nil
	})
	f := ask(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.Endpoint(), "OTEL_SERVICE_NAME=quotes", "NAIS_CLUSTER_NAME=dev")
	if !f.OK {
		t.Errorf("steps %v", f.Steps)
	}
	var names []string
	for _, s := range f.Steps {
		names = append(names, s.Step)
	}
	if got, want := strings.Join(names, " "), "environment sampler endpoint resolve connect export clock nais.yaml"; got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
	if text, _ := got.Load().(string); !strings.HasPrefix(text, "spor doctor of ") || !strings.Contains(text, "quotes") {
		t.Errorf("collector got %q", text)
	}
}

func TestDoctorNamesTheCure(t *testing.T) {
	plain := collector(t, accept)
	refusing := collector(t, func(*coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		return nil, status.Error(codes.Unauthenticated, "who are you")
	})
	rejecting := collector(t, func(*coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		return &coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "not you"}}, nil
	})
	http1 := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(http1.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	secure1 := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure1.Config.ErrorLog = secure.Config.ErrorLog
	secure1.StartTLS()
	t.Cleanup(secure1.Close)
	yesterday := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-24*time.Hour).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(yesterday.Close)
	endpoint := "OTEL_EXPORTER_OTLP_ENDPOINT="

	for _, tt := range []struct {
		name             string
		env              []string
		step, text, cure string
	}{
		{"no endpoint", nil, "endpoint", "no endpoint is set", "spor run -- CMD"},
		{"no telemetry in the pod", []string{"NAIS_CLUSTER_NAME=dev"}, "nais.yaml", "not enabled", "autoInstrumentation: {enabled: true, runtime: sdk}"},
		{"wrong protocol", []string{endpoint + plain.Endpoint(), "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"}, "environment", `OTEL_EXPORTER_OTLP_PROTOCOL "http/protobuf"`, "want grpc"},
		{"unresolvable", []string{endpoint + "http://collector.invalid:4317"}, "resolve", `"collector.invalid" has no address`, "check the host in OTEL_EXPORTER_OTLP_ENDPOINT"},
		{"refused", []string{endpoint + "http://" + closed(t)}, "connect", "refused", "nothing listens there"},
		{"silence", []string{endpoint + "http://" + silence(t)}, "export", "DeadlineExceeded", "accepts connections and sends nothing"},
		{"TLS against plain", []string{endpoint + "https://" + plain.Addr()}, "export", "", "the collector speaks plaintext: write http://"},
		{"plain against TLS", []string{endpoint + "http://" + secure.Listener.Addr().String()}, "export", "", "the collector speaks TLS: write https://"},
		{"unknown authority", []string{endpoint + secure.URL}, "export", "", "OTEL_EXPORTER_OTLP_CERTIFICATE"},
		{"wrong port, over TLS", []string{endpoint + secure1.URL}, "export", "", "OTLP over HTTP (4318)"},
		{"wrong port", []string{endpoint + http1.URL}, "export", "", "OTLP over HTTP (4318)"},
		{"path of OTLP over HTTP", []string{endpoint + "http://localhost:4318/v1/traces"}, "environment", "v1/traces", "has no path (want http://host:port)"},
		{"sampler off", []string{endpoint + plain.Endpoint(), "OTEL_TRACES_SAMPLER=always_off"}, "sampler", "AlwaysOffSampler", "parentbased_always_on"},
		{"sampler off at the root", []string{endpoint + plain.Endpoint(), "OTEL_TRACES_SAMPLER=parentbased_always_off"}, "sampler", "AlwaysOffSampler", "parentbased_always_on"},
		{"ratio of nothing", []string{endpoint + plain.Endpoint(), "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0"}, "sampler", "{0}", "parentbased_always_on"},
		{"SDK disabled", []string{endpoint + plain.Endpoint(), "OTEL_SDK_DISABLED=true"}, "environment", "OTEL_SDK_DISABLED is true", "remove OTEL_SDK_DISABLED"},
		{"no exporter", []string{endpoint + plain.Endpoint(), "OTEL_TRACES_EXPORTER=none"}, "endpoint", "OTEL_TRACES_EXPORTER is none", "set it to otlp"},
		{"malformed resource attributes", []string{endpoint + plain.Endpoint(), "OTEL_RESOURCE_ATTRIBUTES=team=a,nonsense"}, "environment", `OTEL_RESOURCE_ATTRIBUTES "nonsense"`, "want key=value"},
		{"refused token", []string{endpoint + refusing.Endpoint(), "OTEL_EXPORTER_OTLP_HEADERS=authorization=secret"}, "export", "who are you", "OTEL_EXPORTER_OTLP_HEADERS"},
		{"rejected span", []string{endpoint + rejecting.Endpoint()}, "export", "not you", "the collector's own log"},
		{"metrics elsewhere", []string{endpoint + plain.Endpoint(), "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://" + closed(t)}, "connect", "refused", "nothing listens there"},
		{"wrong clock", []string{endpoint + yesterday.URL}, "clock", "ahead of the clock at", "NTP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := ask(t, tt.env...)
			if f.OK {
				t.Error("no step failed")
			}
			for _, s := range f.Steps {
				if s.Step == tt.step && s.State == "failed" && strings.Contains(s.Text, tt.text) && strings.Contains(s.Cure, tt.cure) {
					return
				}
			}
			t.Errorf("got %q", f.Steps)
		})
	}
}

// TestDoctorFailsOneStep checks that only the step "sampler" fails if only the sampler is
// wrong.
func TestDoctorFailsOneStep(t *testing.T) {
	server := collector(t, accept)
	f := ask(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.Endpoint(), "OTEL_TRACES_SAMPLER=always_off", "OTEL_TRACES_SAMPLER_ARG=")
	var wrong []string
	for _, s := range f.Steps {
		if s.State == "failed" {
			wrong = append(wrong, s.Step)
		}
	}
	if strings.Join(wrong, " ") != "sampler" {
		t.Errorf("failed: %q", wrong)
	}
}

func TestDoctorListsVariablesWithoutSecrets(t *testing.T) {
	server := collector(t, accept)
	env := []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.Endpoint(), "OTEL_EXPORTER_OTLP_HEADERS=authorization=tops3cret",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=user:tops3cret@host:4317", "OTEL_BSP_SCHEDULE_DELAY=1s",
		"OTEL_SERVICE_NAME=of 13097248022",
	}
	got := map[string][2]string{}
	for _, v := range ask(t, env...).Variables {
		got[v.Name] = [2]string{v.Value, v.Effective}
	}
	for name, want := range map[string][2]string{
		"OTEL_EXPORTER_OTLP_HEADERS":        {"REDACTED", ""},
		"OTEL_BSP_SCHEDULE_DELAY":           {"1s", "5000"},
		"OTEL_BSP_EXPORT_TIMEOUT":           {"", "30000"},
		"OTEL_SERVICE_NAME":                 {"of ***********", "of ***********"},
		"OTEL_TRACES_EXPORTER":              {"", "otlp"},
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": {"", "30000"},
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if len(got) < 60 {
		t.Errorf("%d variables", len(got))
	}
	for _, format := range []string{"text", "json"} {
		cmd := spor(t, "doctor", "--format", format, "--all")
		cmd.Env = append(cmd.Env, env...)
		if r := finish(t, cmd); strings.Contains(r.stdout+r.stderr, "tops3cret") {
			t.Errorf("format %s: the output contains the secret:\n%s", format, r.stdout)
		}
	}
}

func TestDoctorInText(t *testing.T) {
	cmd := spor(t, "doctor")
	cmd.Env = append(cmd.Env, "OTEL_SERVICE_NAME=quotes")
	r := finish(t, cmd)
	for _, want := range []string{
		"failed  endpoint     no endpoint is set", "\n                     -> run the program under spor run -- CMD",
		"\nOTEL_SERVICE_NAME=quotes\n", "more variables are not set (--all lists them)\n", "\n1 of 5 steps failed\n",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in\n%s", want, r.stdout)
		}
	}
	if r.code != 1 || r.stderr != "" {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
}

func TestDoctorUsage(t *testing.T) {
	for name, tt := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"help":        {[]string{"-h"}, 0, "Find out whether the telemetry of a program that starts here would arrive.", ""},
		"format":      {[]string{"--format", "xml"}, 2, "", `spor doctor: invalid argument "xml" for "--format" flag: want text or json`},
		"argument":    {[]string{"cat"}, 2, "", `spor doctor: unknown command "cat" for "spor doctor"`},
		"timeout":     {[]string{"--timeout", "0"}, 2, "", "spor doctor: --timeout 0s: want a duration such as 5s"},
		"no such pid": {[]string{"--pid", "999999999"}, 125, "", "spor doctor: --pid 999999999: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, spor(t, append([]string{"doctor"}, tt.args...)...))
			if r.code != tt.code || !strings.HasPrefix(r.stdout, tt.stdout) || !strings.HasPrefix(r.stderr, tt.stderr) {
				t.Errorf("got %+v", r)
			}
		})
	}
}
