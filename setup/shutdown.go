package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup/internal/naislog"
)

// flushTimeout bounds shutdown where the caller does not. A NAIS pod has about 25
// seconds from SIGTERM to SIGKILL, which the servers' draining needs too.
const flushTimeout = 5 * time.Second

const (
	// lastChance is what a collector has at the end that cannot be reached: a pod
	// without telemetry need not wait for it each time it ends.
	lastChance = time.Second
	// lastLook is how often that is looked at from then on.
	lastLook = 100 * time.Millisecond
)

func (t *telemetry) shutdown(ctx context.Context) error {
	t.once.Do(func() {
		go func() {
			t.err = t.flushAndStop(ctx)
			running.Store(nil)
			close(t.done)
		}()
	})
	<-t.done
	return t.err
}

// flushAndStop ends the signals beside each other: one that hangs takes nothing
// from the time of the others.
func (t *telemetry) flushAndStop(ctx context.Context) error {
	switch {
	case ctx == nil: // this is no goroutine of the caller's: a panic would end the process
		ctx = context.Background()
	case ctx.Err() != nil:
		ctx = context.WithoutCancel(ctx)
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushTimeout)
		defer cancel()
	}
	err := t.stopSignals(ctx)
	t.reporter.Hold() // its lines would be records after the last export
	stopped := together(ctx, t.last, func(p provider) error { return t.shutdownSignal(ctx, p) })
	running.Store(&telemetry{team: t.team})
	t.reporter.Release()
	return errors.Join(t.reporter.Lost(), err, stopped)
}

// stopSignals ends all but the logs, which get what is left of the time: a fifth
// of it at least.
func (t *telemetry) stopSignals(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && (len(t.last) > 1 || t.team.IsBusy()) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	t.reporter.Hold()
	defer t.reporter.Release()
	return together(ctx, t.signals, func(p provider) error { return t.shutdownSignal(ctx, p) })
}

// flush exports what there is so far, for at most flushTimeout.
func (t *telemetry) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	// The exporters report their own errors.
	_ = together(ctx, t.signals, func(p provider) error { return p.ForceFlush(ctx) })
	_ = together(ctx, t.last, func(p provider) error { return p.ForceFlush(ctx) })
}

// shutdownSignal shuts a signal down. It has until ctx ends, or its last chance.
func (t *telemetry) shutdownSignal(ctx context.Context, p provider) error {
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
			if t.reporter.Unreachable(signal) {
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

// overtime is how long those may take that do not heed the end of their context.
const overtime = naislog.AfterAbort + naislog.AfterAbort/2

// together does something to all at once, and waits for them until a little
// after ctx has ended: what the program gave may hang, or panic, at its own cost.
func together[T any](ctx context.Context, all []T, do func(T) error) error {
	errs := make(chan error, len(all))
	for _, one := range all {
		go func() { errs <- withoutCrash(one, do) }()
	}
	late := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(overtime, func() { close(late) }) })()
	var problems []error
	for range all {
		select {
		case err := <-errs:
			problems = append(problems, err)
		case <-late:
			return errors.Join(append(problems, fmt.Errorf("setup: shutdown was not waited for: %w", context.Cause(ctx)))...)
		}
	}
	return errors.Join(problems...)
}

func withoutCrash[T any](one T, do func(T) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("setup: %T panicked: %v", one, value)
		}
	}()
	return do(one)
}
