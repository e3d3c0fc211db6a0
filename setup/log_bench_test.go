//go:build unix

package setup_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/nais/spor/setup"
)

// BenchmarkLogHandler measures how long it takes to write a record. The record has a span, some
// attributes and an error.
func BenchmarkLogHandler(b *testing.B) {
	ctx, err := remote(sampledParent), errors.New("gone")
	for name, handler := range map[string]slog.Handler{
		"lib=slog": slog.NewJSONHandler(io.Discard, nil), "lib=spor": setup.LogHandler(io.Discard, nil),
	} {
		b.Run(name, func(b *testing.B) {
			log := slog.New(handler)
			b.ReportAllocs()
			begin := cpuTime(b)
			for b.Loop() {
				log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "order paid", slog.String("order", "8d3f0a12-1b2c-4d5e-8f90-a1b2c3d4e5f6"),
					slog.String("path", "/api/orders/123456"), slog.Float64("took_ms", 12.34), slog.Int("items", 3), slog.Any("error", err))
			}
			b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N), "cpu-ns/record")
		})
	}
}
