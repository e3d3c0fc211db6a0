// Package pipeline encodes spans that have ended, and exports them to the collector.
//
// A [Processor] has several shards: GOMAXPROCS, but at most 16. Each shard has a ring with
// space for 512 ended spans. When a span ends, it is only put into a ring, which costs
// little. One goroutine, the sender, encodes the spans of a ring in three cases: when the
// ring is half full, when half of the memory for unencoded spans is used, or when the spans
// have waited for Config.Delay. A program may end spans faster than the sender encodes
// them. In this case, the goroutine that ends a span also encodes some spans.
//
// Encoded spans wait in the chunks of the buffer. If there is a backlog, the chunks are
// compressed. There is a limit for the memory of all
// waiting spans. Spans that are not yet encoded may use an eighth of this memory. If they
// need more, the goroutine that ends a span encodes spans until there is enough memory. If
// all waiting spans together reach the limit, the oldest spans are dropped.
//
// The sender makes a batch from one or more chunks, and starts an export for each batch. An
// export composes the requests for one batch and sends them. All exports use the same gRPC
// connection. If the collector is slow, several exports run at the same time. The exports
// share what is known about the state of the collector.
//
// Every span is counted exactly once: as delivered, or as dropped for a [spanstats.Reason].
// Before a span is counted, it is in exactly one place: a shard, the queue, a parked batch
// or an export.
package pipeline
