// Package kgotrace traces and measures franz-go, version 1.18 or later.
//
// Pass [Opt] to the client:
//
//	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumerGroup("stats"), kgotrace.Opt())
//
// Each record that is produced, with any method, then has a PRODUCER span. The span ends
// just before the promise of the record is called. For a record that is polled, only the
// program knows when the record is processed. Call [Process] for it:
//
//	kgotrace.Fetched(cl, cl.PollFetches(ctx)).EachRecord(func(r *kgo.Record) {
//		err := kgotrace.Process(ctx, cl, r, func(ctx context.Context) error { return handle(ctx, r) })
//		...
//	})
//
// [Fetched] measures the lag. [ProcessBatch] handles many records in one span. [Commit],
// [End] and [EndTransaction] measure commits and transactions. If the group assigns a
// partition to another member while one of its records is being processed, the span of the
// record gets the event "partitions revoked". The client ID and the consumer group are read
// from the client. Names, attributes and metrics are those of package kafkatrace.
//
// # Parents
//
// The parent of a send follows franz-go's own rule. The parent is the span in the Context of
// the record, if the record has a Context when it is produced. Otherwise, it is the span in
// the ctx that was passed to Produce. Polled records have no Context, so the ctx of Produce
// is used. Polled records of pools and share groups do have a Context. If they are produced
// again, their parent is the span that processes them.
//
// # Changes to records
//
// The Context of a record is restored before the promise is called. Its Headers keep the
// traceparent that was sent, because franz-go counts the bytes of the headers again after
// the promise, and would otherwise count wrong. The slice of headers that the program set is
// not changed. A record that is produced again gets a new traceparent. Until the promise is
// called, the bytes of the traceparent count for MaxBufferedBytes.
//
// Values and headers are never recorded. Keys are recorded only with [kafkatrace.WithKey].
//
// # Known limits
//
//   - If a client was made without Opt, the functions of this package only call the function
//     that they get. They neither trace nor measure.
//   - A record that is polled but not passed to [Process] or [ProcessBatch] has no span and
//     is not counted.
package kgotrace
