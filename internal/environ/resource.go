package environ

import (
	"net/url"
	"path"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/clean"
)

// readResource returns the attributes that describe the service. They are the same for all
// signals. If several sources set the same attribute, the first of them in this list is
// used:
//   - the OTEL_* variables,
//   - the NAIS_* variables,
//   - the program,
//   - the build information.
//
// The resource has no schema URL, so that it can be merged with any other resource. It has
// no process arguments and no process owner, because they may contain secrets. It has no
// deployment.environment.name and no k8s.cluster.name, because the collector sets them.
func readResource(env *Environment, chosen []attribute.KeyValue) []attribute.KeyValue {
	described := newDescription()
	described.add(sdkAttributes()...)
	described.add(environmentAttributes(env)...)
	described.add(platformAttributes(env)...)
	described.add(chosen...)
	described.add(buildAttributes()...)
	described.add(semconv.ServiceInstanceID(uuid.NewString()))
	return described.attributes
}

// description collects attributes. If a key is added twice, only the first attribute is
// kept.
type description struct {
	attributes []attribute.KeyValue
	seen       map[attribute.Key]bool
}

func newDescription() *description { return &description{seen: map[attribute.Key]bool{}} }

func (d *description) add(attributes ...attribute.KeyValue) {
	for _, a := range attributes {
		if a.Valid() && !d.seen[a.Key] && a.Value.String() != "" {
			d.seen[a.Key] = true
			d.attributes = append(d.attributes, clean.Standard().Attributes([]attribute.KeyValue{a})...)
		}
	}
}

func sdkAttributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.TelemetrySDKName("opentelemetry"),
		semconv.TelemetrySDKLanguageGo,
		semconv.ProcessRuntimeName("go"),
		semconv.ProcessRuntimeVersion(runtime.Version()),
	}
}

func environmentAttributes(env *Environment) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.ServiceName(env.Text("OTEL_SERVICE_NAME")),
	}
	const name = "OTEL_RESOURCE_ATTRIBUTES"
	for _, pair := range list(env.Text(name)) {
		key, value, found := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		if !found || key == "" {
			env.wrong(name, pair, "want key=value; the other pairs are kept")
			continue
		}
		value = strings.TrimSpace(value)
		plain, err := url.PathUnescape(value)
		if err != nil {
			env.wrong(name, pair, "has a bad percent-encoding (write a percent sign as %25); the value is kept unchanged")
			plain = value
		}
		attributes = append(attributes, attribute.String(key, plain))
	}
	return append(attributes,
		semconv.K8SPodName(env.Text("OTEL_RESOURCE_ATTRIBUTES_POD_NAME")),
		semconv.K8SNodeName(env.Text("OTEL_RESOURCE_ATTRIBUTES_NODE_NAME")),
	)
}

func platformAttributes(env *Environment) []attribute.KeyValue {
	pod := env.Text("NAIS_POD_NAME")
	return []attribute.KeyValue{
		semconv.ServiceName(env.Text("NAIS_APP_NAME")),
		semconv.ServiceNamespace(env.Text("NAIS_NAMESPACE")),
		semconv.ServiceVersion(imageTag(env.Text("NAIS_APP_IMAGE"))),
		semconv.ServiceInstanceID(pod),
		semconv.K8SPodName(pod),
	}
}

func imageTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(path.Base(image), ":")
	return tag
}

func buildAttributes() []attribute.KeyValue {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return []attribute.KeyValue{semconv.ServiceName("unknown_service:go")}
	}
	name := path.Base(info.Path)
	if name == "." || name == "/" || name == "command-line-arguments" {
		name = "unknown_service:go"
	}
	version := info.Main.Version
	if version == "(devel)" {
		version = ""
	}
	return []attribute.KeyValue{
		semconv.ServiceName(name),
		semconv.ServiceVersion(version),
	}
}
