package setup

import (
	"context"
	"errors"
	"time"
)

// signalDelay is the maximum time between the ends of two contexts, if one signal ends both
// contexts.
const signalDelay = 100 * time.Millisecond

// untilSignal returns a function that calls run. The function returns the error of run. There
// is one exception: if a signal ended the context of run, and the error only reports the end
// of that context, the function returns nil. signalled is a context that ends on such a
// signal.
func untilSignal(signalled context.Context, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := run(ctx)
		if isCancellation(err) && endedBySignal(ctx, signalled) {
			return nil
		}
		return err
	}
}

// endedBySignal reports whether ctx and signalled have both ended because of the same signal.
func endedBySignal(ctx, signalled context.Context) bool {
	cause := context.Cause(ctx)
	if cause != context.Canceled && errors.Is(cause, context.Canceled) { //nolint:errorlint // a cancel function sets exactly this value
		// The caller of Run may have made its own context with signal.NotifyContext. If ctx is
		// derived from that context, the signal can end ctx a little earlier than signalled.
		select {
		case <-signalled.Done():
		case <-time.After(signalDelay):
		}
	}
	return signalled.Err() != nil && cause == context.Cause(signalled) //nolint:errorlint // must be the same value
}

// isCancellation reports whether err only reports that a context was canceled. The result is
// false if err also wraps or joins another error.
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
