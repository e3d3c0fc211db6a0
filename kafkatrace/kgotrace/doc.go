// Package kgotrace traces and measures franz-go, from version 1.18.
//
// Give [Opt] to the client:
//
//	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumerGroup("stats"), kgotrace.Opt())
//
// From then on each record that is produced, by whichever method, has a PRODUCER span
// that ends just before its promise is called. Which records are handled when, only
// the program knows; [Process] says it:
//
//	kgotrace.Fetched(cl, cl.PollFetches(ctx)).EachRecord(func(r *kgo.Record) {
//		err := kgotrace.Process(ctx, cl, r, func(ctx context.Context) error { return handle(ctx, r) })
//		...
//	})
//
// [Fetched] measures the lag, [ProcessBatch] handles many records in one span,
// [Commit] and [End] tell of commits and of transactions. When the group gives a
// partition to another member while a record of it is processed, its span has the
// event "partitions revoked". The client's ID and group are told by the client.
// Names, attributes and metrics are those of package kafkatrace.
//
// The parent of a send is the span in the record's Context if it has one when it is
// produced, else that in the ctx of Produce: that is franz-go's own rule. Polled
// records have no Context, so ctx counts, but for those of pools and share groups,
// which are sent under the span that processes them.
//
// When the promise is called, the Context of the record is again what it was. Its
// Headers still have the traceparent that was sent, because franz-go counts their
// bytes again then, and would otherwise count wrong. The slice that the program gave
// is not changed, and a record that is produced again gets a new traceparent. Until
// the promise is called, the bytes of the traceparent count for MaxBufferedBytes.
//
// Never recorded: values, headers, and keys without [kafkatrace.WithKey].
//
// Traps: a client without Opt is neither traced nor measured by the functions here,
// which then only do what they are given. Records that are polled and not handed
// to Process have no span and are not counted.
package kgotrace
