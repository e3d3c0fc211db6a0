// Package report holds what adapters report to package kafkatrace beside its public
// methods: end times in the past, and the lag.
package report

import (
	"iter"
	"time"
)

// A Lag reports how far behind a consumer is. The Tracer of package kafkatrace that
// receives it with [Option] sets its fields.
type Lag struct {
	// SetLag sets how many records of a partition are still to be fetched: its high
	// watermark less the offset of the next record. kafka.consumer.records_lag_max is
	// the greatest of a partition since the last collection.
	SetLag func(topic string, partition int32, lag int64)
	// RetainLag sets which partitions the consumer has. It is called at each
	// collection, and the lag of other partitions is forgotten. Without it the lag of
	// every partition is kept until the Tracer is closed.
	RetainLag func(assigned iter.Seq2[string, int32])
}

// Option returns the option of package kafkatrace that sets l. The type parameter C is
// the configuration that options change, which only that package can name.
func Option[O ~func(C), C interface{ ReportLag(l *Lag) }](l *Lag) O {
	return func(c C) { c.ReportLag(l) }
}

// An EndTime is the outcome of what ended earlier than the adapter learned of it.
type EndTime struct {
	At    time.Time
	Cause error // nil means success
}

func (e *EndTime) Error() string {
	if e.Cause == nil {
		return ""
	}
	return e.Cause.Error()
}

// Unwrap returns the cause.
func (e *EndTime) Unwrap() error { return e.Cause }

// Outcome returns when something ended, the zero time if that is now, and how.
func Outcome(err error) (at time.Time, cause error) {
	if e, ok := err.(*EndTime); ok { //nolint:errorlint // it is never wrapped
		return e.At, e.Cause
	}
	return time.Time{}, err
}
