// Package pipeline encodes spans that have ended, and exports them to the collector.
//
// A [Processor] has several shards. Each shard has a ring with space for 512 spans that have
// ended, so that ending a span costs little. The sender encodes the spans of a ring when the
// ring is half full, or when they have waited for Config.Delay. If a program ends spans
// faster than the sender encodes them, ending a span encodes some spans too.
//
// Encoded spans wait in chunks of the buffer. The memory of all waiting spans is limited in
// bytes. Spans that are not encoded may use an eighth of this memory. Above that, each span
// is encoded when it ends. If the waiting spans together reach the limit, the oldest spans
// are dropped.
//
// The sender makes a batch of several chunks, and starts an export for each batch. An export
// composes requests and sends them over one gRPC connection. Several exports run at the same
// time if the collector is slow. They share the state of the collector.
//
// Every span is counted exactly once: as delivered, or as dropped for a [spanstats.Reason].
// Until then, the span is in exactly one place: a shard, the queue, a parked batch or an
// export.
package pipeline
