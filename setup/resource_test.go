package setup_test

import (
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/nais/spor/setup"
)

// The function described starts telemetry with the options and with environment variables, and
// ends one span. The argument pairs contains the names and values of the variables. It returns
// the resource of the span and the error of Start.
func described(t *testing.T, opts []setup.Option, pairs ...string) (*resource.Resource, error) {
	t.Helper()
	environment(t, pairs...)
	logLines(t)
	seen := &ended{}
	_, err := start(t, append(opts, setup.WithSpanProcessor(seen))...)
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	return seen.spans[0].Resource(), err
}

func value(r *resource.Resource, key string) string {
	v, _ := r.Set().Value(attribute.Key(key))
	return v.String()
}

func TestResourceInAPod(t *testing.T) {
	r, err := described(t, nil,
		"OTEL_SERVICE_NAME", "orders",
		"OTEL_RESOURCE_ATTRIBUTES", "service.name=orders,service.namespace=team,nais.backend=grafana-lgtm;elastic-apm,tier=gold",
		"OTEL_RESOURCE_ATTRIBUTES_NODE_NAME", "node-1",
		"NAIS_APP_NAME", "orders", "NAIS_NAMESPACE", "team", "NAIS_CLUSTER_NAME", "dev-gcp",
		"NAIS_POD_NAME", "orders-7d9-x", "NAIS_APP_IMAGE", "europe-north1-docker.pkg.dev:443/team/orders:2026.11@sha256:abc",
		"OTEL_TRACES_EXPORTER", "none")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"service.name":           "orders",
		"service.namespace":      "team",
		"service.version":        "2026.11",
		"service.instance.id":    "orders-7d9-x",
		"k8s.pod.name":           "orders-7d9-x",
		"k8s.node.name":          "node-1",
		"nais.backend":           "grafana-lgtm;elastic-apm",
		"tier":                   "gold",
		"telemetry.sdk.language": "go",
		"telemetry.sdk.name":     "opentelemetry",
	} {
		if got := value(r, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	for _, key := range []string{"deployment.environment.name", "k8s.cluster.name", "process.owner", "process.command_args", "process.command_line"} {
		if got := value(r, key); got != "" {
			t.Errorf("%s: got %q, want none", key, got)
		}
	}
}

func TestResourcePrecedence(t *testing.T) {
	option := []setup.Option{setup.WithResource(attribute.String("service.name", "option"), attribute.String("service.namespace", "option"))}
	for _, tt := range []struct {
		name  string
		opts  []setup.Option
		pairs []string
		want  string
	}{
		{"OTEL_SERVICE_NAME", option, []string{"OTEL_SERVICE_NAME", "a", "OTEL_RESOURCE_ATTRIBUTES", "service.name=b", "NAIS_APP_NAME", "c"}, "a"},
		{"OTEL_RESOURCE_ATTRIBUTES", option, []string{"OTEL_RESOURCE_ATTRIBUTES", "service.name=b", "NAIS_APP_NAME", "c"}, "b"},
		{"NAIS_APP_NAME", option, []string{"NAIS_APP_NAME", "c"}, "c"},
		{"option", option, nil, "option"},
		{"build information", nil, nil, "setup.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := described(t, tt.opts, tt.pairs...)
			if err != nil {
				t.Fatal(err)
			}
			if got := value(r, "service.name"); got != tt.want {
				t.Errorf("service.name: got %q, want %q", got, tt.want)
			}
			if value(r, "service.instance.id") == "" {
				t.Error("service.instance.id is missing")
			}
		})
	}
}

func TestResourceKeepsTheGoodPairs(t *testing.T) {
	r, err := described(t, nil, "OTEL_RESOURCE_ATTRIBUTES", "a=b%20c,bad=%ZZ,novalue,=x,k=v=w, spaced = s ,nais.backend=x;y")
	mustName(t, err, "OTEL_RESOURCE_ATTRIBUTES", `"bad=%ZZ"`, `"novalue"`, `"=x"`)
	for key, want := range map[string]string{"a": "b c", "bad": "%ZZ", "k": "v=w", "spaced": "s", "nais.backend": "x;y"} {
		if got := value(r, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestResourceMergesWithAnySchema(t *testing.T) {
	r, err := described(t, nil, "OTEL_SERVICE_NAME", "orders")
	if err != nil {
		t.Fatal(err)
	}
	old := resource.NewWithAttributes("https://opentelemetry.io/schemas/1.26.0", attribute.String("x", "y"))
	if _, err := resource.Merge(r, old); err != nil {
		t.Errorf("merge: %v", err)
	}
}

func TestResourceOptionIsNotChanged(t *testing.T) {
	attrs := []attribute.KeyValue{attribute.String("b", "2"), attribute.String("a", "1"), {}}
	r, err := described(t, []setup.Option{setup.WithResource(attrs...), nil})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(r, "a") + value(r, "b"); got != "12" {
		t.Errorf("attributes: got %q, want both", got)
	}
	if attrs[0].Key != "b" {
		t.Error("the program's slice was sorted")
	}
}

func TestArgumentsAreNotExported(t *testing.T) {
	c := listen(t, ":0")
	child := command(t, "serve", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "CHILD_EXIT", "at once")
	child.Args = append(child.Args, "--password=hunter2")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if c.count() == 0 {
		t.Fatal("the child exported nothing")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range []string{"hunter2", "password"} {
		if strings.Contains(string(c.bytes), secret) {
			t.Errorf("%q was exported", secret)
		}
	}
	if user := os.Getenv("USER"); user != "" && strings.Contains(string(c.bytes), "process.owner") {
		t.Error("the owner was exported")
	}
}
