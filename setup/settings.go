package setup

import (
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/setup/internal/export"
)

type settings struct {
	*environ.Settings
	*config
	resource *resource.Resource
	cleaner  clean.Cleaner // it does not cut
	rewriter *export.Rewriter
}

func newSettings(env *environ.Environment, c *config, names *privacy.Names) *settings {
	read := environ.Read(env, c.attributes, c.sampler != nil)
	cleaner := clean.New(names)
	return &settings{
		Settings: read,
		config:   c,
		resource: resource.NewSchemaless(cleaner.Attributes(append(read.Resource, semconv.TelemetrySDKVersion(sdk.Version())))...),
		cleaner:  cleaner,
		rewriter: export.NewRewriter(read.Dialect, read.Peers, cleaner, read.Limits.ValueLength),
	}
}

func (s *settings) spanLimits() sdktrace.SpanLimits {
	return sdktrace.SpanLimits{
		AttributeCountLimit:         s.Limits.Attributes,
		AttributeValueLengthLimit:   clean.WithMargin(s.Limits.ValueLength), // the rewriter cuts
		EventCountLimit:             s.Limits.Events,
		LinkCountLimit:              s.Limits.Links,
		AttributePerEventCountLimit: s.Limits.EventAttributes,
		AttributePerLinkCountLimit:  s.Limits.LinkAttributes,
	}
}

// attributesMayBeLate reports whether instrumentation is allowed to wait until the end of a span
// before it sets the attributes of the span. The result is false if the program has its own
// sampler or its own span processor, because these could read the attributes earlier. The
// samplers and processors of package setup do not read the attributes earlier.
func (s *settings) attributesMayBeLate() bool { return s.sampler == nil && len(s.processors) == 0 }
