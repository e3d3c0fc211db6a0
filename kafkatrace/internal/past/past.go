// Package past is how adapters tell package kafkatrace that something ended
// earlier than they learned of it.
package past

import "time"

// An Error is the outcome of what ended At that time; nil means success.
type Error struct {
	At    time.Time
	Cause error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return ""
	}
	return e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Outcome returns when something ended, the zero time when that is now, and how.
func Outcome(err error) (at time.Time, cause error) {
	if e, ok := err.(*Error); ok { //nolint:errorlint // it is never wrapped
		return e.At, e.Cause
	}
	return time.Time{}, err
}
