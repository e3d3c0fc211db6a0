package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/nais/spor/internal/diagnosis"
)

const (
	well   = "ok"
	failed = "failed"
	note   = "note"
)

type step struct {
	Name  string `json:"step"`
	State string `json:"state"`
	Text  string `json:"text"`
	Cure  string `json:"cure,omitempty"`
}

type examination struct {
	report  *diagnosis.Report
	timeout time.Duration
	steps   []step
	clocks  []string // addresses whose HTTP responses may contain a Date header
}

// The function examine checks the path of a span, from the environment to the collector. If a
// step fails, a span cannot get further on this path, so examine does not check the later steps
// that depend on the failed step. Each connection attempt and each request takes at most timeout.
func examine(ctx context.Context, r *diagnosis.Report, timeout time.Duration) []step {
	e := &examination{report: r, timeout: timeout}
	e.environment()
	e.sampler()
	if e.exporter() && e.reach(ctx, r.Traces) {
		e.export(ctx)
	}
	for _, s := range []diagnosis.Signal{r.Metrics, r.Logs} {
		if s.Address != "" && s.Address != r.Traces.Address {
			e.reach(ctx, s)
		}
	}
	e.clock(ctx)
	e.naisYAML()
	return e.steps
}

func (e *examination) add(name, state, text, cure string) {
	e.steps = append(e.steps, step{name, state, text, cure})
}

func (e *examination) environment() {
	for _, problem := range e.report.Problems {
		text, cure := cutProblem(problem)
		e.add("environment", failed, text, cure)
	}
	if e.report.Disabled {
		e.add("environment", failed, "OTEL_SDK_DISABLED is true: no telemetry is started", "remove OTEL_SDK_DISABLED, or set it to false")
	}
	if len(e.steps) == 0 {
		e.add("environment", well, "all values are valid", "")
	}
}

// cutProblem splits a problem into two parts: what is wrong, and how to fix it.
func cutProblem(problem string) (text, cure string) {
	for _, between := range []string{`": `, ": "} {
		if i := strings.Index(problem, between); i >= 0 {
			return strings.TrimSuffix(problem[:i+len(between)], ": "), problem[i+len(between):]
		}
	}
	return problem, ""
}

func (e *examination) sampler() {
	if e.report.Never {
		e.add("sampler", failed, e.report.Sampler+" samples no trace that starts in this program",
			"remove OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, or set OTEL_TRACES_SAMPLER to parentbased_always_on")
		return
	}
	e.add("sampler", well, e.report.Sampler, "")
}

// The method exporter adds the step "endpoint" and reports whether traces are exported to a
// collector.
func (e *examination) exporter() bool {
	s := e.report.Traces
	switch {
	case s.Address != "":
		named := "from the environment"
		if s.Platform {
			named = "the platform's default, because no endpoint is set"
		}
		e.add("endpoint", well, s.URL+", "+named, "")
		return true
	case s.Unnamed:
		e.add("endpoint", failed, "no endpoint is set, and this is not a NAIS pod: traces are not exported",
			"run the program under spor run -- CMD, or set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4317")
	case s.Exporter == "console":
		e.add("endpoint", note, "traces are written to standard output only", "")
	case s.Exporter == "none" && len(e.report.Problems) == 0:
		e.add("endpoint", failed, "traces are not exported: OTEL_TRACES_EXPORTER is none", "remove OTEL_TRACES_EXPORTER, or set it to otlp")
	default:
		e.add("endpoint", failed, "traces are not exported", "correct the environment first (see the steps above)")
	}
	return false
}

// The method reach adds the steps "resolve" and "connect", and reports whether the address of s
// accepts a connection.
func (e *examination) reach(ctx context.Context, s diagnosis.Signal) bool {
	host, _, _ := net.SplitHostPort(s.Address) // SplitHostPort returns no error, because the address was parsed before
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		e.add("resolve", failed, fmt.Sprintf("%q has no address: %v", host, err),
			"check the host in OTEL_EXPORTER_OTLP_ENDPOINT (names that end in .nais-system exist only inside the cluster)")
		return false
	}
	e.add("resolve", well, host+" has the address "+strings.Join(addresses, ", "), "")
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		e.add("connect", failed, err.Error(), connectCure(err))
		return false
	}
	_ = conn.Close()
	e.add("connect", well, s.Address+" accepted a connection after "+since(start), "")
	e.clocks = append(e.clocks, net.JoinHostPort(host, "4318"))
	return true
}

func connectCure(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the port in OTEL_EXPORTER_OTLP_ENDPOINT (4317), or start a collector " +
			"(on a laptop: spor run -- CMD)"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "packets are dropped on the way, for example by a network policy: on NAIS, observability.autoInstrumentation " +
			"or tracing in nais.yaml opens the way to the collector; elsewhere, check the firewall"
	}
	return "check the address in OTEL_EXPORTER_OTLP_ENDPOINT"
}

func (e *examination) export(ctx context.Context) {
	timed, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	start := time.Now()
	rejected, message, err := e.report.Export(timed, "spor doctor")
	switch {
	case err != nil:
		e.add("export", failed, "the export of a test span failed: "+err.Error(), e.exportCure(ctx, err))
	case rejected > 0:
		e.add("export", failed, "the collector rejected a test span: "+message, "look for the reason in the collector's own log")
	default:
		e.add("export", well, `the collector accepted a test span, "spor doctor", after `+since(start), "")
	}
}

// exportCure returns how to fix a failed export. err is the error of this export. First
// exportCure finds out what kind of server listens at the address, because the fix may depend on
// the kind of server.
func (e *examination) exportCure(ctx context.Context, err error) string {
	address := e.report.Traces.Address
	switch who := listenerAt(ctx, address, e.timeout); {
	case who.http1:
		e.clocks = append(e.clocks, address)
		return "the port speaks HTTP/1.1, like the port for OTLP over HTTP (4318): use the port for OTLP over gRPC (4317)"
	case who.tls && !e.report.Traces.TLS:
		return "the collector speaks TLS: write https:// before the address in OTEL_EXPORTER_OTLP_ENDPOINT"
	case who.silent && !errors.Is(err, context.Canceled):
		return "the server at that address accepts connections and sends nothing: it is not a collector, or the collector hangs"
	}
	return e.report.Cure(err)
}

func (e *examination) naisYAML() {
	const needs = "spec.observability.autoInstrumentation: {enabled: true, runtime: sdk}, or tracing: {enabled: true}"
	switch {
	case !e.report.OnPlatform:
		e.add("nais.yaml", note, "on NAIS, nais.yaml needs "+needs, "")
	case e.report.Traces.Platform:
		e.add("nais.yaml", failed, "the platform has set no endpoint: telemetry is not enabled for this application", "add to nais.yaml "+needs)
	default:
		e.add("nais.yaml", well, "this is a NAIS pod, and an endpoint is set", "")
	}
}

func since(start time.Time) string { return time.Since(start).Round(100 * time.Microsecond).String() }
