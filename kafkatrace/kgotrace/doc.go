// Package kgotrace traces and measures franz-go, version 1.15.4 or later.
//
// Pass [Opt] to the client:
//
//	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumerGroup("stats"), kgotrace.Opt())
//
// Each record that is produced then has a PRODUCER span. This is true for every method that
// produces records. The span ends just before the promise of the record is called.
//
// A client cannot find out when the program processes a polled record. Therefore, call
// [Process] for each polled record:
//
//	kgotrace.Fetched(cl, cl.PollFetches(ctx)).EachRecord(func(r *kgo.Record) {
//		err := kgotrace.Process(ctx, cl, r, func(ctx context.Context) error { return handle(ctx, r) })
//		...
//	})
//
// [Fetched] measures the lag. [ProcessBatch] handles many records in one span. [Commit],
// [End] and [EndTransaction] measure commits and transactions. If the group assigns a
// partition to another member while [Process] handles a record of this partition, the
// CONSUMER span gets the event "partitions revoked". The client ID and the consumer group
// are read from the client. Package kafkatrace documents the names, the attributes and the
// metrics.
//
// # Parents
//
// The parent of a PRODUCER span follows franz-go's own rule. If the record has a Context
// when it is produced, the parent is the span in this Context. Otherwise, the parent is the
// span in the ctx that was passed to Produce.
//
// Normally, a polled record has no Context. If the record is produced again, the ctx of
// Produce is used. Records from pools and share groups are the exception, because they have
// a Context. If such a record was passed to [Process] and is produced again, the parent is
// the CONSUMER span in which the record was processed.
//
// # Changes to records
//
// Before the promise is called, the Context of a record is set back to the value that it
// would have without this package. The Headers keep the traceparent that was sent. The
// reason is that franz-go counts the bytes of the headers a second time just before it
// calls the promise, and would otherwise get a wrong result. The slice of headers that the
// program set is not changed, because the traceparent is added to a copy. A record that is
// produced again gets a new traceparent. Until the promise is called, the bytes of the
// traceparent are included when franz-go checks the limit MaxBufferedBytes.
//
// Values and headers are never recorded. Keys are recorded only with [kafkatrace.WithKey].
//
// # Known limits
//
//   - If a client was made without Opt, the functions of this package only call the function
//     that is passed to them. Nothing is traced or measured.
//   - A record that is polled but not passed to [Process] or [ProcessBatch] has no span and
//     is not counted.
package kgotrace
