// Package pipeline takes spans from their end to the collector as bytes.
//
// A [Processor] keeps spans that end in a ring of their shard, which has room for 512,
// so that ending a span costs little. The sender encodes them when half a ring is full
// or they have waited long enough; a program that ends spans faster than that encodes
// some of them too. Encoded spans wait in chunks of the buffer. Everything that waits is
// bounded in bytes: spans that are not encoded, by an eighth of the memory, above which
// they are encoded as they end; and all of it together, above which the oldest spans are
// dropped. The sender starts an export for each batch of chunks. An export composes
// requests, and posts them over one gRPC connection; several exports are in flight when
// the collector is slow. What they have learned of the collector they share.
//
// Every span is counted once: delivered, or dropped for a [Reason]. Until then it
// belongs to one of shard, queue, parked batch or export.
package pipeline
