// Package pipeline takes spans from their end to the collector as bytes.
//
// A [Processor] keeps spans that end in a ring of its shard, which has room for 512,
// so that ending one costs little. The sender encodes them when half a ring is full
// or they have waited long enough; who ends spans faster than that encodes some too.
// What is encoded waits in chunks. Everything that waits is bounded in bytes: spans
// that are not encoded, by an eighth of the memory, beyond which they are encoded as
// they end; and all of it together, beyond which the oldest spans go. The sender composes requests of them and posts those over one
// gRPC connection, several at a time when the collector is slow.
//
// Every span is settled once: delivered, or dropped for a [Reason]. It belongs to
// one of shard, queue, parked batch or flight until then.
package pipeline
