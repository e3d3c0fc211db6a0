package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/cmd/spor/internal/standing"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
)

// These are the addresses on which an OpenTelemetry Collector listens by default.
const (
	defaultGRPC = "127.0.0.1:4317"
	defaultHTTP = "127.0.0.1:4318"
)

type listenOptions struct {
	grpc, http, ui string // "" means the default, or a free port if the default is in use
	record         string
	force          bool
}

func (c *cli) listen() *cobra.Command {
	var o listenOptions
	cmd := &cobra.Command{
		Use:   "listen [flags]",
		Short: "Receive the telemetry of several programs",
		Long: `Receive telemetry until Ctrl-C, and show it in the browser. Every program on this
machine can send to it: a service under a debugger, a container, a Java service,
or a page in the browser. Set OTEL_EXPORTER_OTLP_ENDPOINT to the address that
spor prints. While spor listen runs, spor run sends a copy of its telemetry and
of the output of its command to it, so that the traces of several services are
shown as one.

OTLP over gRPC and OTLP over HTTP (protobuf and JSON) are received on loopback
addresses only. If a port is in use, spor takes a free one and prints it.`,
		Example: `  spor listen
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 OTEL_SERVICE_NAME=orders dlv debug .`,
		Args: cobra.NoArgs,
		Annotations: map[string]string{exitCodesPart: `  0    spor was ended with Ctrl-C or SIGTERM
  2    the flags are wrong
  125  spor failed`},
		Run: func(*cobra.Command, []string) { c.code = c.receive(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.grpc, "grpc", "", "receive OTLP over gRPC on the loopback address `ADDR` (default "+defaultGRPC+")")
	flags.StringVar(&o.http, "http", "", "receive OTLP over HTTP on the loopback address `ADDR` (default "+defaultHTTP+")")
	flags.StringVar(&o.ui, "ui", "", "serve the viewer on the loopback address `ADDR` (default "+viewer.DefaultAddr+")")
	flags.StringVar(&o.record, "record", "", "write all telemetry to `FILE` as OTLP/JSON lines")
	flags.BoolVar(&o.force, "force", false, "with --record: replace FILE if it exists")
	return cmd
}

// The method receive receives telemetry until the user ends spor. It returns the exit code.
func (c *cli) receive(o listenOptions) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := listenUntil(ctx, o, func(text string) { complain(c.err, "spor: %s", text) }); err != nil {
		complain(c.err, "spor listen: %v", err)
		return process.ExitFailed
	}
	return 0
}

func listenUntil(ctx context.Context, o listenOptions, say func(string)) error {
	announce, release, err := standing.Reserve()
	if errors.Is(err, standing.ErrRuns) {
		if other, runs := standing.Find(); runs {
			return fmt.Errorf("%w, and receives at http://%s: its traces are at %s", err, other.GRPC, other.Viewer)
		}
	}
	if err != nil {
		say("spor run will not find this listener: " + err.Error())
		announce, release = func(standing.Listener) error { return nil }, func() {}
	}
	defer release()
	recorder, err := newRecorder(runOptions{record: o.record, force: o.force}, say)
	if err != nil {
		return err
	}
	defer recorder.close()
	store := viewer.NewStore(viewer.Options{})
	server, err := listenOr(o.grpc, defaultGRPC, func(addr string) (*receiver.Server, error) {
		return receiver.Listen(addr, sinkOf(func(r recording.Request) {
			recorder.request(r)
			store.Add(r)
		}))
	})
	if err != nil {
		return err
	}
	defer server.Stop()
	web, err := serveOTLP(o.http, server)
	if err != nil {
		return err
	}
	defer func() { _ = web.Close() }()
	pages, err := viewer.Listen(store, viewer.Config{Addr: o.ui, Title: "spor listen", Live: true, Runs: viewerRuns})
	if err != nil {
		return err
	}
	defer pages.Close()
	here := standing.Listener{GRPC: server.Addr(), HTTP: "http://" + web.addr, Viewer: pages.URL()}
	if err := announce(here); err != nil {
		return err
	}
	say("OTLP over gRPC: OTEL_EXPORTER_OTLP_ENDPOINT=" + server.Endpoint() + inUse(o.grpc, defaultGRPC, server.Addr()))
	say("OTLP over HTTP: OTEL_EXPORTER_OTLP_ENDPOINT=" + here.HTTP + inUse(o.http, defaultHTTP, web.addr))
	say("traces in the browser: " + here.Viewer + " (Ctrl-C ends it)")
	<-ctx.Done()
	return nil
}

// The function listenOr calls listen with addr. If addr is empty, it calls listen with the default
// address, and with a free port if the default address is in use.
func listenOr[T any](addr, byDefault string, listen func(addr string) (T, error)) (T, error) {
	if addr != "" {
		return listen(addr)
	}
	l, err := listen(byDefault)
	if errors.Is(err, syscall.EADDRINUSE) {
		l, err = listen("127.0.0.1:0")
	}
	return l, err
}

// inUse returns a note if spor listens on another address than the default address, although the
// user has not asked for it.
func inUse(asked, byDefault, addr string) string {
	if asked == "" && addr != byDefault {
		return " (another program uses " + byDefault + ")"
	}
	return ""
}

// webServer receives OTLP over HTTP.
type webServer struct {
	http.Server

	addr string
}

func serveOTLP(addr string, server *receiver.Server) (*webServer, error) {
	l, err := listenOr(addr, defaultHTTP, receiver.ListenLoopback)
	if err != nil {
		return nil, err
	}
	w := &webServer{addr: l.Addr().String()}
	w.Handler = server.HTTP()
	w.ReadTimeout, w.IdleTimeout = time.Minute, 2*time.Minute
	go func(l net.Listener) { _ = w.Serve(l) }(l) // Close ends it
	return w, nil
}

// sinkOf returns a sink that accepts everything and passes it to the function add.
func sinkOf(add func(recording.Request)) receiver.Sink {
	return receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			add(recording.Request{Traces: r})
			return nil, nil
		},
		Metrics: func(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			add(recording.Request{Metrics: r})
			return nil, nil
		},
		Logs: func(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			add(recording.Request{Logs: r})
			return nil, nil
		},
	}
}
