package setup

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	reportInterval = time.Minute
	// unreachedInterval is for the platform's default endpoint that never
	// answered: the pod may simply not have telemetry enabled.
	unreachedInterval = time.Hour
)

// reporter tells people of the exporter's trouble, at most one line a minute,
// never from the request path.
type reporter struct {
	endpoint *endpoint
	ledger   *ledger

	mu       sync.Mutex
	held     bool // only remember: it will all be said at once
	last     time.Time
	reported bool
	reached  bool
	failure  error
	lost     int64 // spans that were reported as dropped
}

// standardHandler is what slog.Default has until the program sets its own.
var standardHandler = slog.Default().Handler()

// logger returns the program's own logger, or, when it has none, one that writes
// the JSON that NAIS reads to standard error.
func logger() *slog.Logger {
	if program := slog.Default(); program.Handler() != standardHandler {
		return program
	}
	return slog.New(LogHandler(os.Stderr, nil))
}

// failed reports that the collector could not be given something.
func (r *reporter) failed(err error) {
	r.mu.Lock()
	r.failure = err
	r.mu.Unlock()
	r.report(true)
}

// answered notes that the collector works.
func (r *reporter) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached, r.failure = true, nil
}

// hold keeps the reporter silent until release, which says everything in one
// line.
func (r *reporter) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
}

func (r *reporter) release() {
	r.mu.Lock()
	r.held = false
	failed := r.failure != nil
	r.mu.Unlock()
	r.report(failed)
}

// report writes a line if one is due and there is something to tell: a failure,
// or spans dropped since the last line.
func (r *reporter) report(failed bool) {
	if attrs := r.due(failed); attrs != nil {
		logger().LogAttrs(context.Background(), slog.LevelWarn, "spans could not be exported", attrs...)
	}
}

// due takes the decision under the lock; the line itself is written outside of
// it, since the program's handler may come back here.
func (r *reporter) due(failed bool) []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	interval := reportInterval
	if r.endpoint.platform && !r.reached {
		interval = unreachedInterval
	}
	drops, lost := r.ledger.drops()
	if r.held || r.reported && time.Since(r.last) < interval || !failed && lost == r.lost {
		return nil
	}
	r.last, r.reported, r.lost = time.Now(), true, lost
	attrs := []slog.Attr{slog.String("endpoint", r.endpoint.url)}
	if lost > 0 {
		attrs = append(attrs, slog.String("spans_dropped", describeDrops(drops)))
	}
	if r.failure != nil {
		attrs = append(attrs, slog.String("error", r.failure.Error()), slog.String("cure", cure(r.failure, r.endpoint)))
	}
	return attrs
}

// cure says what to look at first.
func cure(err error, e *endpoint) string {
	text := err.Error()
	switch code := status.Code(err); {
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		return "the collector speaks plaintext: write http:// before the address in OTEL_EXPORTER_OTLP_ENDPOINT"
	case strings.Contains(text, "tls:") || strings.Contains(text, "x509:"):
		return "check OTEL_EXPORTER_OTLP_CERTIFICATE and the host name in OTEL_EXPORTER_OTLP_ENDPOINT"
	case code == codes.Unauthenticated || code == codes.PermissionDenied:
		return "check the token in OTEL_EXPORTER_OTLP_HEADERS"
	case code == codes.Unimplemented || strings.Contains(text, "http2:") || strings.Contains(text, "HTTP status code"):
		return "is this the port for OTLP over gRPC (4317)?"
	case code == codes.InvalidArgument || code == codes.ResourceExhausted || code == codes.OK || code == codes.Unknown:
		return "the collector's own log says why"
	case strings.Contains(e.address, ".nais-system"):
		return "is observability.autoInstrumentation or tracing enabled in nais.yaml?"
	}
	return "is a collector listening there? (on NAIS: is observability.autoInstrumentation or tracing enabled in " +
		"nais.yaml? on a laptop: spor run -- CMD)"
}
