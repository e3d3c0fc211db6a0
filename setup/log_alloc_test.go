//go:build !race

package setup_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

func TestLogHandlerAllocatesNoMoreThanSlog(t *testing.T) {
	span := trace.ContextWithSpanContext(context.Background(), trace.SpanContextFromContext(remote(sampledParent)))
	err := errors.New("gone")
	for name, tt := range map[string]struct {
		ctx   context.Context
		level slog.Level
		group bool
		attrs []slog.Attr
		more  float64
	}{
		"plain":           {context.Background(), slog.LevelInfo, false, nil, 0},
		"at error":        {context.Background(), slog.LevelError, false, nil, 0},
		"below a group":   {context.Background(), slog.LevelError, true, nil, 0},
		"with a span":     {span, slog.LevelInfo, false, nil, 1},
		"span, error":     {span, slog.LevelError, false, []slog.Attr{slog.Any("error", err)}, 1},
		"error, no span":  {context.Background(), slog.LevelError, false, []slog.Attr{slog.Any("error", err)}, 1},
		"span, group":     {span, slog.LevelError, true, []slog.Attr{slog.Any("error", err)}, 1},
		"span, some more": {span, slog.LevelWarn, false, []slog.Attr{slog.Time("at", time.Unix(0, 0)), slog.Float64("f", 1.5)}, 1},
	} {
		attrs := append([]slog.Attr{slog.String("a", "b"), slog.Int("n", 1), slog.Bool("c", true)}, tt.attrs...)
		log := func(h slog.Handler) float64 {
			if tt.group {
				h = h.WithGroup("g")
			}
			l := slog.New(h)
			return testing.AllocsPerRun(200, func() { l.LogAttrs(tt.ctx, tt.level, "hello", attrs...) })
		}
		own, got := log(slog.NewJSONHandler(io.Discard, nil)), log(setup.LogHandler(io.Discard, nil))
		t.Logf("%s: %v allocations, slog's handler %v", name, got, own)
		if got > own+tt.more {
			t.Errorf("%s: got %v allocations, want at most slog's %v and %v", name, got, own, tt.more)
		}
	}
}
