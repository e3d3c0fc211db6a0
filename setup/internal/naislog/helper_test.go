package naislog_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/setup/internal/naislog"
)

const sampledParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

type outputs struct{ team *naislog.Team }

func (o outputs) Team() *naislog.Team            { return o.team }
func (outputs) Provider() *sdklog.LoggerProvider { return nil }
func (outputs) Names() *privacy.Names            { return privacy.Standard() }

func newHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return naislog.NewHandler(w, opts, outputs{})
}

// The function logged calls the function log, which must write one line of JSON. It returns the
// parsed object.
func logged(t *testing.T, opts *slog.HandlerOptions, log func(*slog.Logger)) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	log(slog.New(newHandler(&buf, opts)))
	lines := oteltest.ParseLines(t, buf.String())
	if len(lines) != 1 {
		t.Fatalf("lines: got %d, want 1: %q", len(lines), buf.String())
	}
	return lines[0]
}

// logLines makes the default logger write to the returned buffer until the test ends.
func logLines(t *testing.T, o outputs) *oteltest.Lines {
	t.Helper()
	var l oteltest.Lines
	program, output, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(naislog.NewHandler(&l, nil, o)))
	t.Cleanup(func() {
		slog.SetDefault(program)
		log.SetOutput(output)
		log.SetFlags(flags)
	})
	return &l
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("after ten seconds, still waiting for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func remote(traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
}
