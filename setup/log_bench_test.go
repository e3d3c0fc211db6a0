//go:build unix

package setup_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

// withIDs adds the IDs of the span as attributes, as programs without spor do.
type withIDs struct{ slog.Handler }

func (h withIDs) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// logRows are records with a span and four attributes. Some have one attribute more.
var logRows = map[string]struct {
	level slog.Level
	more  []slog.Attr
}{
	"four attributes": {slog.LevelInfo, nil},
	"error":           {slog.LevelInfo, []slog.Attr{slog.Any("error", errors.New("gone"))}},
	"error at ERROR":  {slog.LevelError, []slog.Attr{slog.Any("error", errors.New("gone"))}},
	"map":             {slog.LevelInfo, []slog.Attr{slog.Any("map", map[string]int{"items": 3})}},
}

func logRow(h slog.Handler, level slog.Level, more []slog.Attr) func() {
	ctx, log := remote(sampledParent), slog.New(h)
	attrs := append([]slog.Attr{
		slog.String("order", "8d3f0a12-1b2c-4d5e-8f90-a1b2c3d4e5f6"), slog.String("path", "/api/orders/123456"),
		slog.Float64("took_ms", 12.34), slog.Int("items", 3),
	}, more...)
	return func() { log.LogAttrs(ctx, level, "order paid", attrs...) }
}

// BenchmarkLogHandler measures how long it takes to write a record.
func BenchmarkLogHandler(b *testing.B) {
	for name, tt := range logRows {
		for lib, handler := range map[string]slog.Handler{
			"slog": withIDs{slog.NewJSONHandler(io.Discard, nil)}, "spor": setup.LogHandler(io.Discard, nil),
		} {
			b.Run(name+"/lib="+lib, func(b *testing.B) {
				log := logRow(handler, tt.level, tt.more)
				b.ReportAllocs()
				begin := cpuTime(b)
				for b.Loop() {
					log()
				}
				b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N), "cpu-ns/record")
			})
		}
	}
}
