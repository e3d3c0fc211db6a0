package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup"
)

type generator struct {
	url               string
	rate              float64
	workers           int
	timeout, duration time.Duration
	listen            string

	registry *prometheus.Registry
	client   *http.Client
	skipped  prometheus.Counter
}

func newGenerator() *generator {
	g := &generator{registry: prometheus.NewRegistry()}
	metrics := promauto.With(g.registry)
	requests := metrics.NewCounterVec(prometheus.CounterOpts{
		Name: "loadgen_requests_total", Help: "Requests that got a response, by status.",
	}, []string{"code"})
	durations := metrics.NewHistogramVec(prometheus.HistogramOpts{
		Name: "loadgen_request_duration_seconds", Help: "Seconds until the headers of the response arrived.", Buckets: prometheus.DefBuckets,
	}, nil)
	inFlight := metrics.NewGauge(prometheus.GaugeOpts{Name: "loadgen_requests_in_flight", Help: "Requests that wait for their response."})
	g.skipped = metrics.NewCounter(prometheus.CounterOpts{
		Name: "loadgen_requests_skipped_total", Help: "Requests that were not sent because every worker was busy.",
	})
	g.client = &http.Client{Transport: promhttp.InstrumentRoundTripperInFlight(inFlight,
		promhttp.InstrumentRoundTripperCounter(requests,
			promhttp.InstrumentRoundTripperDuration(durations, httptrace.Transport(nil))))}
	return g
}

// check returns an error if a flag has a wrong value.
func (g *generator) check() error {
	switch u, err := url.Parse(g.url); {
	case g.url == "":
		return errors.New("--url is missing (or set LOADGEN_URL)")
	case err != nil || u.Host == "":
		return fmt.Errorf("--url %q: want http://host/path", g.url)
	case g.rate <= 0 || g.rate > 10_000:
		return fmt.Errorf("--rate %g: want more than 0 and at most 10000", g.rate)
	case g.workers < 1:
		return fmt.Errorf("--workers %d: want at least 1", g.workers)
	}
	return nil
}

// run sends requests until ctx ends or the duration is over. It then waits for the
// responses to all requests.
func (g *generator) run(ctx context.Context) error {
	stop, err := g.serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	slog.InfoContext(ctx, "sending", "url", g.url, "rate", g.rate, "workers", g.workers)
	due := make(chan struct{})
	var workers sync.WaitGroup
	for range g.workers {
		workers.Go(func() {
			for range due {
				g.request(context.WithoutCancel(ctx))
			}
		})
	}
	g.pace(ctx, due)
	close(due)
	workers.Wait()
	return nil
}

// pace wakes one worker for each request. If all workers are busy, it skips the request.
// Therefore a slow service never gets more requests per second than the configured rate.
func (g *generator) pace(ctx context.Context, due chan<- struct{}) {
	if g.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.duration)
		defer cancel()
	}
	ticker := time.NewTicker(time.Duration(float64(time.Second) / g.rate))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		select {
		case due <- struct{}{}:
		default:
			g.skipped.Inc()
		}
	}
}

func (g *generator) request(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url, nil)
	if err != nil {
		slog.ErrorContext(ctx, "request could not be made", "error", err)
		return
	}
	res, err := g.client.Do(r)
	if err != nil {
		slog.WarnContext(ctx, "no response", "error", err)
		return
	}
	defer func() { _ = res.Body.Close() }() // the body has already been read completely
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		slog.WarnContext(ctx, "response ended early", "error", err)
		return
	}
	slog.InfoContext(res.Request.Context(), "answered", "status", res.StatusCode, "bytes", n)
}

// serve starts a server that serves the metrics and answers the health probe. If the listen
// address is empty, serve starts no server.
func (g *generator) serve(ctx context.Context) (stop func(), err error) {
	if g.listen == "" {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", setup.MetricsHandler())
	mux.HandleFunc("GET /internal/isalive", func(http.ResponseWriter, *http.Request) {})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", g.listen)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: httptrace.Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "metrics were not served", "error", err)
		}
	}, nil
}
