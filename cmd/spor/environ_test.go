//go:build unix

package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	main "github.com/nais/spor/cmd/spor"
)

func TestEnviron(t *testing.T) {
	for name, tt := range map[string]struct {
		base, env []string
		want      map[string]string
	}{
		"nothing set": {want: map[string]string{
			"OTEL_SERVICE_NAME":           "quotes",
			"OTEL_RESOURCE_ATTRIBUTES":    "service.name=quotes,service.namespace=poets",
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
			"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
			"OTEL_EXPORTER_OTLP_INSECURE": "true",
			"OTEL_PROPAGATORS":            "tracecontext,baggage",
			"OTEL_TRACES_SAMPLER":         "parentbased_always_on",
			"OTEL_LOGS_EXPORTER":          "none",
			"OTEL_BSP_SCHEDULE_DELAY":     "200",
			"NAIS_APP_NAME":               "quotes",
			"NAIS_NAMESPACE":              "poets",
			"NAIS_CLUSTER_NAME":           "local",
			"NAIS_APP_IMAGE":              "quotes:local",
			"NAIS_CLIENT_ID":              "local:poets:quotes",
		}},
		"the platform's own": {
			base: []string{
				"OTEL_SERVICE_NAME=mine", "OTEL_EXPORTER_OTLP_ENDPOINT=http://mine", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
				"OTEL_EXPORTER_OTLP_INSECURE=false",
			},
			want: map[string]string{
				"OTEL_SERVICE_NAME": "quotes", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
				"OTEL_EXPORTER_OTLP_INSECURE": "true",
			},
		},
		"the user's own": {
			base: []string{"OTEL_TRACES_SAMPLER=always_off", "OTEL_LOGS_EXPORTER=", "NAIS_CLUSTER_NAME=dev-gcp", "NAIS_POD_NAME=pod", "OTHER=a=b"},
			want: map[string]string{
				"OTEL_TRACES_SAMPLER": "always_off", "OTEL_LOGS_EXPORTER": "", "NAIS_CLUSTER_NAME": "dev-gcp", "NAIS_POD_NAME": "pod", "OTHER": "a=b",
				"NAIS_CLIENT_ID": "dev-gcp:poets:quotes",
			},
		},
		"resource attributes": {
			base: []string{"OTEL_RESOURCE_ATTRIBUTES=service.name=mine, team=poets,service.namespace=x,nais.backend=y,a=b=c,nonsense,,k=v"},
			want: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name=quotes,service.namespace=poets,team=poets,k=v"},
		},
		"flags win": {
			base: []string{"NAIS_APP_NAME=mine"},
			env:  []string{"OTEL_SERVICE_NAME=flag", "NAIS_APP_NAME=flag", "EMPTY="},
			want: map[string]string{"OTEL_SERVICE_NAME": "flag", "NAIS_APP_NAME": "flag", "EMPTY": "", "NAIS_CLIENT_ID": "local:poets:flag"},
		},
		"port":             {base: []string{"PORT=8080"}, want: map[string]string{"PORT": "8080", "BIND_ADDRESS": "127.0.0.1:8080"}},
		"port by flag":     {env: []string{"PORT=8080"}, want: map[string]string{"PORT": "8080", "BIND_ADDRESS": "127.0.0.1:8080"}},
		"port and address": {base: []string{"PORT=1", "BIND_ADDRESS=0.0.0.0:2"}, want: map[string]string{"BIND_ADDRESS": "0.0.0.0:2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := main.Environ(tt.base, "quotes", "poets", tt.env)
			for key, want := range tt.want {
				if got[key] != want {
					t.Errorf("%s=%q, want %q", key, got[key], want)
				}
			}
		})
	}
}

func TestEnvironLeavesPortUnset(t *testing.T) {
	got := main.Environ(nil, "quotes", "poets", nil)
	for _, key := range []string{"PORT", "BIND_ADDRESS"} {
		if value, ok := got[key]; ok {
			t.Errorf("%s=%q, want it unset", key, value)
		}
	}
	if pod := got["NAIS_POD_NAME"]; !regexp.MustCompile(`^quotes-[a-z0-9]{5}$`).MatchString(pod) {
		t.Errorf("NAIS_POD_NAME=%q, want quotes- and five characters", pod)
	}
}

func TestRunSetsEnvironment(t *testing.T) {
	args := append(running("environ", "--namespace", "poets", "--env", "OTEL_PROPAGATORS=none"),
		"NAIS_CLIENT_ID", "OTEL_PROPAGATORS", "OTEL_BSP_SCHEDULE_DELAY")
	got := finish(t, spor(t, args...))
	want := "NAIS_CLIENT_ID=local:poets:" + filepath.Base(os.Args[0]) + "\nOTEL_PROPAGATORS=none\nOTEL_BSP_SCHEDULE_DELAY=200\n"
	if got.stdout != want {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
}
