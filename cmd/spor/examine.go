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

// The states of a step.
const (
	well   = "ok"
	failed = "failed"
	note   = "note"
)

// A step is one thing that was looked at.
type step struct {
	Name  string `json:"step"`
	State string `json:"state"`
	Text  string `json:"text"`
	Cure  string `json:"cure,omitempty"`
}

// examination gathers the steps.
type examination struct {
	report  *diagnosis.Report
	timeout time.Duration
	steps   []step
	clocks  []string // addresses that may tell the time
}

// examine takes the steps that a span takes, and stops on that way where it
// would.
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
		e.add("environment", failed, "OTEL_SDK_DISABLED is true: nothing is set up", "remove OTEL_SDK_DISABLED, or set it to false")
	}
	if len(e.steps) == 0 {
		e.add("environment", well, "what is set is right", "")
	}
}

// cutProblem parts a problem into what is wrong and its cure.
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
		e.add("sampler", failed, e.report.Sampler+" takes no trace that begins here",
			"remove OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, or set the first to parentbased_always_on")
		return
	}
	e.add("sampler", well, e.report.Sampler, "")
}

// exporter reports whether traces go to a collector.
func (e *examination) exporter() bool {
	s := e.report.Traces
	switch {
	case s.Address != "":
		named := "named by the environment"
		if s.Platform {
			named = "the platform's, since none is named"
		}
		e.add("endpoint", well, s.URL+", "+named, "")
		return true
	case s.Unnamed:
		e.add("endpoint", failed, "none is named, and this is no NAIS pod: traces go nowhere",
			"run the program under spor run -- CMD, or set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4317")
	case s.Exporter == "console":
		e.add("endpoint", note, "traces go to standard output alone", "")
	case s.Exporter == "none" && len(e.report.Problems) == 0:
		e.add("endpoint", failed, "traces go nowhere: OTEL_TRACES_EXPORTER is none", "remove OTEL_TRACES_EXPORTER, or set it to otlp")
	default:
		e.add("endpoint", failed, "traces go nowhere", "mend the environment first (see above)")
	}
	return false
}

// reach reports whether there is something at the address of s.
func (e *examination) reach(ctx context.Context, s diagnosis.Signal) bool {
	host, _, _ := net.SplitHostPort(s.Address) // parsed once already
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		e.add("resolve", failed, fmt.Sprintf("%q has no address: %v", host, err),
			"check the host in OTEL_EXPORTER_OTLP_ENDPOINT (what ends in .nais-system is known inside the cluster alone)")
		return false
	}
	e.add("resolve", well, host+" is "+strings.Join(addresses, ", "), "")
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		e.add("connect", failed, err.Error(), connectCure(err))
		return false
	}
	_ = conn.Close()
	e.add("connect", well, s.Address+" took a connection after "+since(start), "")
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
		return "packets are dropped on the way, as by a network policy: on NAIS, observability.autoInstrumentation " +
			"or tracing in nais.yaml opens the way to the collector; elsewhere, ask the firewall"
	}
	return "check the address in OTEL_EXPORTER_OTLP_ENDPOINT"
}

// export sends a span.
func (e *examination) export(ctx context.Context) {
	timed, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	start := time.Now()
	rejected, message, err := e.report.Export(timed, "spor doctor")
	switch {
	case err != nil:
		e.add("export", failed, "a test span was not taken: "+err.Error(), e.exportCure(ctx, err))
	case rejected > 0:
		e.add("export", failed, "the collector rejected a test span: "+message, "the collector's own log says why")
	default:
		e.add("export", well, `a test span, "spor doctor", was acknowledged after `+since(start), "")
	}
}

// exportCure asks who listens there, where that is the question.
func (e *examination) exportCure(ctx context.Context, err error) string {
	address := e.report.Traces.Address
	switch who := listenerAt(ctx, address, e.timeout); {
	case who.http1:
		e.clocks = append(e.clocks, address)
		return "that port speaks HTTP/1.1, as the one for OTLP over HTTP (4318) does: take the one for OTLP over gRPC (4317)"
	case who.tls && !e.report.Traces.TLS:
		return "the collector speaks TLS: write https:// before the address in OTEL_EXPORTER_OTLP_ENDPOINT"
	case who.silent && !errors.Is(err, context.Canceled):
		return "what listens there accepts connections and says nothing: it is no collector, or one that hangs"
	}
	return e.report.Cure(err)
}

func (e *examination) naisYAML() {
	const needs = "spec.observability.autoInstrumentation: {enabled: true, runtime: sdk}, or tracing: {enabled: true}"
	switch {
	case !e.report.OnPlatform:
		e.add("nais.yaml", note, "on NAIS it needs "+needs, "")
	case e.report.Traces.Platform:
		e.add("nais.yaml", failed, "the platform names no endpoint: telemetry is not enabled for this application", "add to nais.yaml "+needs)
	default:
		e.add("nais.yaml", well, "this is a NAIS pod, and an endpoint is named", "")
	}
}

func since(start time.Time) string { return time.Since(start).Round(100 * time.Microsecond).String() }
