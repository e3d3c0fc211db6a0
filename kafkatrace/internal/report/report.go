// Package report has the values that adapters report to package kafkatrace in addition to
// its public methods: end times in the past, and the lag.
package report

import (
	"iter"
	"time"
)

// A Lag reports how far a consumer is behind. The Tracer of package kafkatrace that gets
// the Lag with [Option] sets its fields.
type Lag struct {
	// SetLag sets the number of records of a partition that are still to fetch: its high
	// watermark minus the offset of the next record. kafka.consumer.records_lag_max is the
	// greatest value of a partition since the last collection.
	SetLag func(topic string, partition int32, lag int64)
	// RetainLag sets the partitions that the consumer has. assigned is called at each
	// collection, and the lag of all other partitions is removed. Without RetainLag, the
	// lag of every partition is kept until the Tracer is closed.
	RetainLag func(assigned iter.Seq2[string, int32])
}

// Option returns the option of package kafkatrace that sets l. The type parameter C is
// kafkatrace's type for its configuration, which is not exported.
func Option[O ~func(C), C interface{ ReportLag(l *Lag) }](l *Lag) O {
	return func(c C) { c.ReportLag(l) }
}

// An EndTime is the outcome of a call that ended before the adapter was informed.
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

// Outcome returns the end time and the error in err. The end time is zero if the call ends
// now.
func Outcome(err error) (at time.Time, cause error) {
	if e, ok := err.(*EndTime); ok { //nolint:errorlint // adapters do not wrap it
		return e.At, e.Cause
	}
	return time.Time{}, err
}
