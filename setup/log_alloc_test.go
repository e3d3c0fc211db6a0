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
	}{
		"plain":           {context.Background(), slog.LevelInfo, false, nil},
		"at error":        {context.Background(), slog.LevelError, false, nil},
		"below a group":   {context.Background(), slog.LevelError, true, nil},
		"with a span":     {span, slog.LevelInfo, false, nil},
		"span, error":     {span, slog.LevelError, false, []slog.Attr{slog.Any("error", err)}},
		"error, no span":  {context.Background(), slog.LevelError, false, []slog.Attr{slog.Any("error", err)}},
		"span, group":     {span, slog.LevelError, true, []slog.Attr{slog.Any("error", err)}},
		"span, map":       {span, slog.LevelInfo, false, []slog.Attr{slog.Any("map", map[string]int{"a": 1})}},
		"span, struct":    {span, slog.LevelInfo, false, []slog.Attr{slog.Any("struct", struct{ A, B int }{1, 2})}},
		"span, some more": {span, slog.LevelWarn, false, []slog.Attr{slog.Time("at", time.Unix(0, 0)), slog.Float64("f", 1.5)}},
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
		if got > own {
			t.Errorf("%s: got %v allocations, want at most slog's %v", name, got, own)
		}
	}
}
