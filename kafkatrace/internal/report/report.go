// Package report contains types for data that adapters report to package kafkatrace. The
// data are the lag, and end times in the past. Package kafkatrace has no public methods for
// this data.
package report

import (
	"iter"
	"time"
)

// A Lag contains functions that report how many records a consumer must still fetch. Pass
// the Lag to kafkatrace.NewTracer with [Option]. NewTracer sets the fields of the Lag.
type Lag struct {
	// SetLag sets the lag of a partition, which is the number of records that are not yet
	// fetched. The lag is the high watermark of the partition minus the offset of the next
	// record. kafka.consumer.records_lag_max is the greatest lag of a partition since the
	// last collection of metrics.
	SetLag func(topic string, partition int32, lag int64)
	// UpdateLag does the same as SetLag, but does not make the metric if it does not exist yet.
	// Unlike SetLag, it may be called while metrics are collected.
	UpdateLag func(topic string, partition int32, lag int64)
	// RetainLag sets the function that yields the partitions of the consumer. The function
	// assigned is called at each collection of metrics, and when the Tracer is closed. If it
	// does not yield a partition, the lag of this partition is removed. If RetainLag is not
	// called, or if assigned is nil, the lag of every partition is kept until the Tracer is
	// closed.
	RetainLag func(assigned iter.Seq2[string, int32])
}

// Option returns an option for kafkatrace.NewTracer. The option passes l to the Tracer. The
// type parameter C is the type for the configuration of package kafkatrace, which is not
// exported.
func Option[O ~func(C), C interface{ ReportLag(l *Lag) }](l *Lag) O {
	return func(c C) { c.ReportLag(l) }
}

// An EndTime is the result of a send that ended earlier, at the time At. An adapter passes
// the EndTime as an error to the function that ends the span.
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

// Outcome returns the end time and the error of a send. If err is an [*EndTime], they are At
// and Cause. Otherwise, they are the zero time, which means now, and err itself.
func Outcome(err error) (at time.Time, cause error) {
	if e, ok := err.(*EndTime); ok { //nolint:errorlint // adapters do not wrap it
		return e.At, e.Cause
	}
	return time.Time{}, err
}
