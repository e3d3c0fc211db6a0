package setup

import (
	"context"
	"errors"
	"time"
)

// signalDelay is the longest time between the ends of two contexts that the same signal ends.
const signalDelay = 100 * time.Millisecond

// untilSignal returns a function that calls run. The function returns nil instead of an error
// that only reports the end of the context, if the signal that ends signalled ended the
// context.
func untilSignal(signalled context.Context, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := run(ctx)
		if isCancellation(err) && endedBySignal(ctx, signalled) {
			return nil
		}
		return err
	}
}

// endedBySignal reports whether ctx and signalled have ended for the same reason.
func endedBySignal(ctx, signalled context.Context) bool {
	cause := context.Cause(ctx)
	if cause != context.Canceled && errors.Is(cause, context.Canceled) { //nolint:errorlint // a cancel function sets exactly this value
		// ctx may derive from another signal.NotifyContext of the caller. That context may
		// end before signalled does.
		select {
		case <-signalled.Done():
		case <-time.After(signalDelay):
		}
	}
	return signalled.Err() != nil && cause == context.Cause(signalled) //nolint:errorlint // must be the same value
}

// isCancellation reports whether err is the error of a canceled context, and does not wrap or
// join any other error.
func isCancellation(err error) bool {
	switch wrapper := err.(type) { //nolint:errorlint // the function examines one level at a time
	case nil, panicError:
		return false
	case interface{ Unwrap() []error }:
		for _, wrapped := range wrapper.Unwrap() {
			if !isCancellation(wrapped) {
				return false
			}
		}
		return len(wrapper.Unwrap()) > 0
	case interface{ Unwrap() error }:
		if wrapped := wrapper.Unwrap(); wrapped != nil {
			return isCancellation(wrapped)
		}
	}
	return errors.Is(err, context.Canceled)
}
