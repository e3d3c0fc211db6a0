package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// afterAbort is how long a processor may take to let go of what it has once every
// export is cancelled. It needs no more than its turn on a CPU.
const afterAbort = 500 * time.Millisecond

// overtime is how long those may take that do not heed the end of their context.
const overtime = afterAbort + afterAbort/2

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

// processors are shut down beside each other: the SDK does it one after the
// other, and leaves out those behind one that took all the time.
type processors []sdktrace.SpanProcessor

func (p processors) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	for _, one := range p {
		one.OnStart(ctx, span)
	}
}

func (p processors) OnEnd(span sdktrace.ReadOnlySpan) {
	for _, one := range p {
		one.OnEnd(span)
	}
}

func (p processors) ForceFlush(ctx context.Context) error {
	return together(ctx, p, func(one sdktrace.SpanProcessor) error { return one.ForceFlush(ctx) })
}

func (p processors) Shutdown(ctx context.Context) error {
	return together(ctx, p, func(one sdktrace.SpanProcessor) error { return one.Shutdown(ctx) })
}
