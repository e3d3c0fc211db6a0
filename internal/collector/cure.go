package collector

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/environ"
)

// Cure returns what to check first after an export to e failed with err.
func Cure(err error, e *environ.Endpoint) string {
	text := err.Error()
	code := status.Code(err)
	if strings.Contains(text, context.DeadlineExceeded.Error()) {
		code = codes.DeadlineExceeded // an error of the program's own timeout may have no code
	}
	switch {
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		return "the collector speaks plaintext: write http:// before the address in OTEL_EXPORTER_OTLP_ENDPOINT"
	case e.TLS != nil && wasAsked(text):
		return clientCure(text, e)
	case e.TLS != nil && (strings.Contains(text, "tls:") || strings.Contains(text, "x509:")):
		return serverCure(text, e)
	case code == codes.Unauthenticated || code == codes.PermissionDenied:
		return "check the token in OTEL_EXPORTER_OTLP_HEADERS"
	case code == codes.Unimplemented || strings.Contains(text, "http2:") || strings.Contains(text, "HTTP status code"):
		return "is this the port for OTLP over gRPC (4317)?"
	case code == codes.InvalidArgument || code == codes.ResourceExhausted || code == codes.OK || code == codes.Unknown:
		return "look for the reason in the collector's own log"
	case strings.Contains(e.Address, ".nais-system"):
		return "is observability.autoInstrumentation or tracing enabled in nais.yaml?"
	}
	return "is a collector listening there? (on NAIS: is observability.autoInstrumentation or tracing enabled in " +
		"nais.yaml? on a laptop: spor run -- CMD)"
}
