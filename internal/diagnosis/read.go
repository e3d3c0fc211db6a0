package diagnosis

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/collector"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/internal/scope"
)

// Read reads an environment in the same way as setup.Start, but does not start telemetry.
// get returns the value of a variable, or "" if it is not set. all contains every variable
// in the form name=value.
func Read(get func(string) string, all []string) *Report {
	values, effective := map[string]string{}, map[string]string{}
	env := &environ.Environment{
		Get: func(name string) string {
			if name == "" {
				return ""
			}
			values[name] = get(name)
			return values[name]
		},
		All:  func() []string { return all },
		Used: func(name, value string) { effective[name] = value },
	}
	s := environ.Read(env, nil, false)
	r := &Report{
		Disabled:   s.Disabled,
		OnPlatform: env.OnPlatform(),
		Sampler:    s.Sampler.String(),
		Never:      s.Sampler.Never(),
		Traces:     signalReport(s.Traces),
		Metrics:    signalReport(s.Metrics.Signal),
		Logs:       signalReport(s.Logs.Signal),
		Export:     func(ctx context.Context, name string) (int64, string, error) { return exportOne(ctx, s, name) },
		Cure:       func(err error) string { return collector.Cure(err, s.Traces.Endpoint) },
	}
	for _, problem := range env.Problems {
		r.Problems = append(r.Problems, clean.Text(strings.TrimPrefix(problem.Error(), "setup: ")))
	}
	comeTo(effective, s)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		r.Variables = append(r.Variables, Variable{
			Name:      name,
			Value:     withoutSecrets(name, values[name]),
			Effective: withoutSecrets(name, effective[name]),
		})
	}
	return r
}

// comeTo adds the effective values of the variables whose values are neither numbers nor
// booleans.
func comeTo(effective map[string]string, s *environ.Settings) {
	effective[environ.SamplerVariable] = s.Sampler.String()
	effective["OTEL_PROPAGATORS"] = strings.Join(s.Propagator.Fields(), ",")
	resource := attribute.NewSet(s.Resource...)
	name, _ := resource.Value(semconv.ServiceNameKey)
	effective["OTEL_SERVICE_NAME"] = name.AsString()
	effective["OTEL_RESOURCE_ATTRIBUTES"] = resource.Encoded(attribute.DefaultEncoder())
	describe := func(signal string, of environ.Signal) {
		effective["OTEL_"+signal+"_EXPORTER"] = signalReport(of).Exporter
		if of.Endpoint != nil {
			for name, value := range effectiveOf(of) {
				effective["OTEL_EXPORTER_OTLP_"+signal+"_"+name] = value
			}
		}
	}
	describe("TRACES", s.Traces)
	describe("LOGS", s.Logs.Signal)
	describe("METRICS", s.Metrics.Signal)
}

func effectiveOf(s environ.Signal) map[string]string {
	compression := "none"
	if s.GZIP {
		compression = "gzip"
	}
	return map[string]string{
		"ENDPOINT": s.Endpoint.URL, "PROTOCOL": "grpc", "COMPRESSION": compression,
		"TIMEOUT": strconv.FormatInt(s.Timeout.Milliseconds(), 10),
	}
}

func signalReport(s environ.Signal) Signal {
	report := Signal{Unnamed: s.Unnamed}
	var exporters []string
	if s.Endpoint != nil {
		exporters = append(exporters, "otlp")
		report.URL, report.Address = s.Endpoint.URL, s.Endpoint.Address
		report.TLS, report.Platform = s.Endpoint.TLS != nil, s.Endpoint.Platform
	}
	if s.Prometheus {
		exporters = append(exporters, "prometheus")
	}
	if s.Console {
		exporters = append(exporters, "console")
	}
	report.Exporter = strings.Join(exporters, ",")
	if report.Exporter == "" {
		report.Exporter = "none"
	}
	return report
}

func withoutSecrets(name, value string) string {
	switch {
	case value == "":
		return ""
	case strings.HasSuffix(name, "_HEADERS"):
		return privacy.Redacted
	case strings.HasSuffix(name, "_ENDPOINT"):
		value = environ.WithoutCredentials(value)
	}
	return clean.Text(value)
}

func exportOne(ctx context.Context, s *environ.Settings, name string) (rejected int64, message string, err error) {
	conn, err := collector.Dial(s.Traces, func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return invoke(ctx, method, req, reply, conn, opts...)
	})
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = metadata.NewOutgoingContext(ctx, metadata.New(s.Traces.Headers))
	answer, err := coltracepb.NewTraceServiceClient(conn).Export(ctx, requestOf(s.Resource, name))
	return answer.GetPartialSuccess().GetRejectedSpans(), answer.GetPartialSuccess().GetErrorMessage(), err
}

func requestOf(resource []attribute.KeyValue, name string) *coltracepb.ExportTraceServiceRequest {
	ids := make([]byte, 16+8)
	_, _ = rand.Read(ids)                // never fails
	now := uint64(time.Now().UnixNano()) //nolint:gosec // the time is after 1970
	described := &resourcepb.Resource{}
	for _, a := range resource {
		described.Attributes = append(described.Attributes, &commonpb.KeyValue{
			Key:   string(a.Key),
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: a.Value.String()}},
		})
	}
	return &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: described,
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "github.com/nais/spor/cmd/spor", Version: scope.Version()},
			Spans: []*tracepb.Span{{
				TraceId: ids[:16], SpanId: ids[16:], Name: name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
				StartTimeUnixNano: now, EndTimeUnixNano: now, Flags: 1,
			}},
		}},
	}}}
}
