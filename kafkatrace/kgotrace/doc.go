// Package kgotrace traces and measures franz-go, version 1.15.4 or later.
//
// Make the client with [NewClient]:
//
//	cl, err := kgotrace.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumerGroup("stats"))
//
// Each record that is produced then has a PRODUCER span. This is true for every method that
// produces records. The span ends just before the promise of the record is called.
//
// A client cannot find out when the program processes a polled record. Therefore, call
// [Client.Process] for each polled record:
//
//	cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
//		err := cl.Process(ctx, r, func(ctx context.Context) error { return handle(ctx, r) })
//		...
//	})
//
// [Client.PollFetches] and [Client.PollRecords] measure the lag. [Client.ProcessBatch]
// handles many records in one span. The methods that commit offsets or end a transaction
// measure this too. If the group assigns a partition to another member while
// [Client.Process] handles a record of this partition, the CONSUMER span gets the event
// "partitions revoked". The client ID and the consumer group are read from the client.
// Package kafkatrace documents the names, the attributes and the metrics.
//
// [Opt] passes options of package kafkatrace to NewClient. If other code makes the client,
// pass Opt to that code, and call [Wrap]. For example, with transactions and a consumer
// group:
//
//	session, err := kgo.NewGroupTransactSession(append(opts, kgotrace.Opt())...)
//	cl := kgotrace.Wrap(session.Client())
//	fetches := cl.PollFetches(ctx)
//	...
//	committed, err := cl.End(ctx, session, kgo.TryCommit)
//
// # Parents
//
// The parent of a PRODUCER span follows franz-go's own rule. If the record has a Context
// when it is produced, the parent is the span in this Context. Otherwise, the parent is the
// span in the ctx that was passed to Produce.
//
// Normally, a polled record has no Context. If the record is produced again, the ctx of
// Produce is used. Records from pools and share groups are the exception, because they have
// a Context. If such a record was passed to [Client.Process] or [Client.ProcessBatch] and is
// produced again, the parent is the CONSUMER span in which the record was processed.
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
//   - If a client was made without Opt, Wrap reports an error, and its Client traces and
//     measures nothing.
//   - A record that is polled but not passed to [Client.Process] or [Client.ProcessBatch]
//     has no span and is not counted.
//   - Polls and commits through the embedded kgo.Client or through a
//     kgo.GroupTransactSession are not measured. Commits in the background are not measured
//     either. [Client.Commit] measures commits that have no method of their own.
//   - Between polls, the lag is measured only if the client was made with [NewClient], and
//     without [kgo.ConsumePreferringLagFn]. For other clients, control records and records of
//     aborted transactions that follow the last polled record count as lag. The records of a
//     transaction that has not ended always count.
package kgotrace
