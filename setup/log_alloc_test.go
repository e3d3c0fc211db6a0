//go:build !race

package setup_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

func TestLogHandlerAllocatesNoMoreThanSlog(t *testing.T) {
	log := func(h slog.Handler, ctx context.Context) float64 {
		l := slog.New(h)
		return testing.AllocsPerRun(200, func() {
			l.LogAttrs(ctx, slog.LevelInfo, "hello", slog.String("a", "b"), slog.Int("n", 1), slog.Bool("c", true))
		})
	}
	span := trace.ContextWithSpanContext(context.Background(), trace.SpanContextFromContext(remote(sampledParent)))
	own := log(slog.NewJSONHandler(io.Discard, nil), context.Background())
	if got := log(setup.LogHandler(io.Discard, nil), context.Background()); got > own {
		t.Errorf("without a span: got %v allocations, want at most slog's %v", got, own)
	}
	if got := log(setup.LogHandler(io.Discard, nil), span); got > own+1 {
		t.Errorf("with a span: got %v allocations, want at most slog's %v and one", got, own)
	}
}
