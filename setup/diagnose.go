package setup

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/nais/spor/internal/diagnosis"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/internal/scope"
)

func init() { diagnosis.Read = diagnose }

// diagnose reads an environment as Start does, and starts nothing.
func diagnose(get func(string) string, all []string) *diagnosis.Report {
	values, effective := map[string]string{}, map[string]string{}
	env := &environment{
		get: func(name string) string {
			if name == "" {
				return ""
			}
			values[name] = get(name)
			return values[name]
		},
		all:  func() []string { return all },
		used: func(name, value string) { effective[name] = value },
	}
	s := readSettings(env, newConfig(nil))
	r := &diagnosis.Report{
		Disabled:   s.disabled,
		OnPlatform: onPlatform(env),
		Sampler:    samplerText(s.sampler),
		Never:      never(s.sampler),
		Traces:     signalReport(s.traces),
		Logs:       signalReport(s.logs.signalSettings),
		Export:     func(ctx context.Context, name string) (int64, string, error) { return exportOne(ctx, s, name) },
		Cure:       func(err error) string { return cure(err, s.traces.endpoint) },
	}
	if s.metrics != nil {
		r.Metrics = signalReport(s.metrics.signalSettings)
	}
	for _, problem := range env.problems {
		r.Problems = append(r.Problems, cleanText(strings.TrimPrefix(problem.Error(), "setup: ")))
	}
	comeTo(effective, s)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		r.Variables = append(r.Variables, diagnosis.Variable{
			Name:      name,
			Value:     withoutSecrets(name, values[name]),
			Effective: withoutSecrets(name, effective[name]),
		})
	}
	return r
}

// comeTo adds what the variables come to that are neither numbers nor true or
// false.
func comeTo(effective map[string]string, s *settings) {
	effective[samplerVariable] = samplerText(s.sampler)
	effective["OTEL_PROPAGATORS"] = strings.Join(s.propagator.Fields(), ",")
	name, _ := s.resource.Set().Value(semconv.ServiceNameKey)
	effective["OTEL_SERVICE_NAME"] = name.AsString()
	effective["OTEL_RESOURCE_ATTRIBUTES"] = s.resource.String()
	describe := func(signal string, of signalSettings) {
		effective["OTEL_"+signal+"_EXPORTER"] = signalReport(of).Exporter
		if of.endpoint != nil {
			for name, value := range of.effective() {
				effective["OTEL_EXPORTER_OTLP_"+signal+"_"+name] = value
			}
		}
	}
	describe("TRACES", s.traces)
	describe("LOGS", s.logs.signalSettings)
	if s.metrics != nil {
		describe("METRICS", s.metrics.signalSettings)
	}
}

// effective returns what the variables of an exporter come to.
func (s signalSettings) effective() map[string]string {
	compression := "none"
	if s.gzip {
		compression = "gzip"
	}
	return map[string]string{
		"ENDPOINT": s.endpoint.url, "PROTOCOL": "grpc", "COMPRESSION": compression,
		"TIMEOUT": strconv.FormatInt(s.timeout.Milliseconds(), 10),
	}
}

// samplerText describes a sampler by what it does at the root: what follows a
// parent is the same everywhere.
func samplerText(s sdktrace.Sampler) string {
	root, _, more := strings.Cut(s.Description(), ",remoteParentSampled")
	if more {
		root += "}"
	}
	return root
}

func signalReport(s signalSettings) diagnosis.Signal {
	report := diagnosis.Signal{Unnamed: s.unnamed}
	var exporters []string
	if s.endpoint != nil {
		exporters = append(exporters, "otlp")
		report.URL, report.Address = s.endpoint.url, s.endpoint.address
		report.TLS, report.Platform = s.endpoint.tls != nil, s.endpoint.platform
	}
	if s.prometheus {
		exporters = append(exporters, "prometheus")
	}
	if s.console {
		exporters = append(exporters, "console")
	}
	report.Exporter = strings.Join(exporters, ",")
	if report.Exporter == "" {
		report.Exporter = "none"
	}
	return report
}

// never reports whether the sampler takes no trace that begins here: not even
// that with the lowest of IDs, which a ratio takes first.
func never(sampler sdktrace.Sampler) bool {
	lowest := trace.TraceID{1}
	return sampler.ShouldSample(sdktrace.SamplingParameters{
		ParentContext: context.Background(),
		TraceID:       lowest,
		Name:          "spor doctor",
	}).Decision != sdktrace.RecordAndSample
}

// withoutSecrets returns the value of a variable fit for a terminal.
func withoutSecrets(name, value string) string {
	switch {
	case value == "":
		return ""
	case strings.HasSuffix(name, "_HEADERS"):
		return privacy.Redacted
	case strings.HasSuffix(name, "_ENDPOINT"):
		value = withoutCredentials(value)
	}
	return cleanText(value)
}

// exportOne exports one span, over a connection of its own.
func exportOne(ctx context.Context, s *settings, name string) (rejected int64, message string, err error) {
	conn, err := dial(s.traces, func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return invoke(ctx, method, req, reply, conn, opts...)
	})
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = metadata.NewOutgoingContext(ctx, metadata.New(s.traces.headers))
	answer, err := coltracepb.NewTraceServiceClient(conn).Export(ctx, requestOf(s.resource, name))
	return answer.GetPartialSuccess().GetRejectedSpans(), answer.GetPartialSuccess().GetErrorMessage(), err
}

// requestOf returns a request with one span that has just been.
func requestOf(of *resource.Resource, name string) *coltracepb.ExportTraceServiceRequest {
	ids := make([]byte, 16+8)
	_, _ = rand.Read(ids)                // never fails
	now := uint64(time.Now().UnixNano()) //nolint:gosec // after 1970
	described := &resourcepb.Resource{}
	for _, a := range of.Attributes() {
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
