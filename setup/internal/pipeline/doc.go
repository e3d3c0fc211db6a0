// Package pipeline takes spans from their end to the collector as bytes.
//
// A [Processor] encodes a span when it ends, in the goroutine that ends it, into
// a chunk of its shard. Full chunks wait in the buffer, which is bounded in bytes:
// when it is full the oldest spans go. A sender composes requests of what waits,
// when there is enough or it has waited long enough, and posts them over one gRPC
// connection, several at a time when the collector is slow.
//
// Every span is settled once: delivered, or dropped for a [Reason]. It belongs to
// one of shard, queue, parked batch or flight until then.
package pipeline
