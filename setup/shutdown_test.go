package setup_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/nais/spor/setup"
)

// ending is a span processor. Its method Shutdown calls the function in the field end.
type ending struct {
	ended
	end    func()
	called atomic.Bool
}

func (e *ending) Shutdown(context.Context) error {
	e.called.Store(true)
	if e.end != nil {
		e.end()
	}
	return nil
}

type gatherFunc func() ([]*dto.MetricFamily, error)

func (f gatherFunc) Gather() ([]*dto.MetricFamily, error) { return f() }

// shutWithin calls shutdown with a deadline of 300 ms. If shutdown has not returned after three
// seconds, shutWithin fails the test.
func shutWithin(t *testing.T, shutdown func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- shutdown(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(3 * time.Second):
		t.Fatal("shutdown with a deadline of 300ms has not returned after three seconds")
		return nil
	}
}

// mustStartBare starts telemetry without the helper function start. The cleanup of that
// function calls shutdown, which would hang in these tests.
func mustStartBare(t *testing.T, opts ...setup.Option) (shutdown func(context.Context) error) {
	t.Helper()
	shutdown, err := setup.Start(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return shutdown
}

func TestShutdownDoesNotWaitForAProcessorThatHangs(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	logLines(t)
	release := make(chan struct{})
	defer close(release)
	shutdown := mustStartBare(t, setup.WithSpanProcessor(&ending{end: func() { <-release }}))
	endSpans(1)
	if err := shutWithin(t, shutdown); err == nil {
		t.Error("got no error, want one about the processor that hangs")
	}
	if got := c.count(); got != 1 {
		t.Errorf("spans: got %d, want 1", got)
	}
}

func TestShutdownDoesNotWaitForAGathererThatHangs(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	logLines(t)
	release := make(chan struct{})
	defer close(release)
	shutdown := mustStartBare(t, setup.WithGatherer(gatherFunc(func() ([]*dto.MetricFamily, error) {
		<-release
		return nil, nil
	})))
	endSpans(1)
	_ = shutWithin(t, shutdown)
	if got := c.count(); got != 1 {
		t.Errorf("spans: got %d, want 1", got)
	}
}

func TestCollectorThatHangsTakesNothingFromTheProgramsProcessors(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+blackHole(t), "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	p := &ending{}
	shutdown := mustStart(t, setup.WithSpanProcessor(p))
	endSpans(1)
	mustName(t, shutWithin(t, shutdown), "1 of 1 spans")
	if !p.called.Load() {
		t.Error("the program's processor was never shut down, so it would lose its spans")
	}
}

func TestProcessorThatPanicsAtTheEndCostsNotTheProcess(t *testing.T) {
	c := listen(t, ":0")
	code, _, stderr := finish(t, command(t, "panicking processor", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint()))
	if code != 0 {
		t.Errorf("exit code: got %d, want 0: %.200s", code, stderr)
	}
	if c.count() != 1 || c.metric("go_goroutines") == nil {
		t.Errorf("got %d spans and metric %v, want both", c.count(), c.metric("go_goroutines"))
	}
}

func init() {
	programs["panicking processor"] = func() int {
		return run(func(context.Context) error {
			endSpans(1)
			return nil
		}, setup.WithSpanProcessor(&ending{end: func() { panic("half closed") }}))
	}
}
