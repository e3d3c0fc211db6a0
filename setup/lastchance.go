package setup

import (
	"context"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// lastChance is what a collector has at the end that cannot be reached: a pod
	// without telemetry need not wait for it each time it ends.
	lastChance = time.Second
	// lastLook is how often that is looked at from then on.
	lastLook = 100 * time.Millisecond
)

// shutdown shuts a signal down. It has until ctx ends, or its last chance.
func (r *reporter) shutdown(ctx context.Context, p provider) error {
	signal := signalOf(p)
	if signal == "" {
		return p.Shutdown(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for wait := lastChance; ; wait = lastLook {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			if r.unreachable(signal) {
				cancel()
				return
			}
		}
	}()
	return p.Shutdown(ctx)
}

// signalOf returns the signal of the SDK's providers.
func signalOf(p provider) string {
	switch p.(type) {
	case *sdktrace.TracerProvider:
		return "traces"
	case *sdkmetric.MeterProvider:
		return "metrics"
	case *sdklog.LoggerProvider:
		return "logs"
	}
	return ""
}
