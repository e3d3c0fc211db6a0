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

// flushTimeout is the maximum duration of shutdown if its context has no deadline. A NAIS pod
// has about 25 seconds from SIGTERM to SIGKILL. The servers need a part of this time to finish
// their requests.
const flushTimeout = 5 * time.Second

const (
	// lastChance is how long shutdown tries to reach the collector before it gives up.
	// This time is short, so that a pod without a collector does not wait long each time
	// it ends.
	lastChance = time.Second
	// lastLook is the interval at which shutdown checks whether the collector cannot be
	// reached. The first check is lastChance after the start of shutdown.
	lastLook = 100 * time.Millisecond
	// teamWait is how long shutdown waits for Team Logs before the last export of metrics, so
	// that the metrics count the last records.
	teamWait = 100 * time.Millisecond
)

func (t *telemetry) shutdown(ctx context.Context) error {
	t.once.Do(func() {
		go func() {
			t.err = t.flushAndStop(ctx)
			running.Store(&telemetry{team: newTeam(), names: t.names, idle: true})
			close(t.done)
		}()
	})
	<-t.done
	return t.err
}

// flushAndStop shuts down all signals. It first shuts down all signals except logs and Team
// Logs. This is done concurrently, so that a signal that hangs does not take time from another
// signal. Logs and Team Logs are shut down last.
func (t *telemetry) flushAndStop(ctx context.Context) error {
	switch {
	case ctx == nil: // a nil context would cause a panic that the caller cannot recover
		ctx = context.Background()
	case ctx.Err() != nil:
		ctx = context.WithoutCancel(ctx)
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushTimeout)
		defer cancel()
	}
	t.trouble.Ending.Store(true)
	err := t.stopSignals(ctx)
	t.reporter.Hold() // otherwise the reporter could log a record after the last export
	stopped := together(ctx, t.last, func(p provider) error { return t.shutdownSignal(ctx, p) })
	running.Store(&telemetry{team: t.team, names: t.names})
	t.reporter.Release()
	return errors.Join(t.reporter.Lost(), err, stopped)
}

// stopSignals shuts down all signals except logs and Team Logs. If log records are exported, or
// if records for Team Logs are waiting, stopSignals leaves at least one fifth of the time for
// them.
func (t *telemetry) stopSignals(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && (len(t.last) > 1 || t.team.IsBusy()) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	drained, cancel := context.WithTimeout(ctx, teamWait)
	t.team.Drain(drained)
	cancel()
	t.reporter.Hold()
	defer t.reporter.Release()
	return together(ctx, t.signals, func(p provider) error { return t.shutdownSignal(ctx, p) })
}

// flush exports all waiting data. It takes at most flushTimeout.
func (t *telemetry) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	// The errors are ignored here, because the exporters log them.
	_ = together(ctx, t.signals, func(p provider) error { return p.ForceFlush(ctx) })
	_ = together(ctx, t.last, func(p provider) error { return p.ForceFlush(ctx) })
}

// shutdownSignal shuts down one signal. It stops when ctx ends. After lastChance, it also stops
// as soon as there is no hope to reach the collector, see Unreachable of package export.
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

// signalOf returns the signal of p, or "" if p is not a provider of the SDK.
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

// overtime is how long the function together still waits after its context has ended.
const overtime = naislog.AfterAbort + naislog.AfterAbort/2

// The function together calls the function do once for each element of all. The calls run
// concurrently. Normally, together waits for all calls. But a call may hang, for example in the
// program's own processor or writer. Therefore, together stops waiting when ctx has ended and
// then the duration overtime has passed. If a call panics, together returns the panic as an
// error.
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
			return errors.Join(append(problems, fmt.Errorf("setup: shutdown did not finish in time: %w", context.Cause(ctx)))...)
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
