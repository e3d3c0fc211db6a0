package db

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// The semantic conventions do not define these attributes.
const (
	slowKey     attribute.Key = "db.query.slow"
	repeatedKey attribute.Key = "db.query.repeated"
)

// MarkSlow marks span as slow if took is at least [Config.SlowQuery].
func (t *Telemetry) MarkSlow(span trace.Span, took time.Duration) {
	if slow := t.config.SlowQuery; slow > 0 && took >= slow {
		span.SetAttributes(slowKey.Bool(true))
	}
}

// repeats counts the operations with the same summary in the same trace. The number of
// counts is limited. If a new count needs the slot of an older count, the older count is
// lost. If the lost count is needed again, it starts at 0.
type repeats struct {
	seed  maphash.Seed
	slots [1024]repeat
}

type repeat struct {
	mu      sync.Mutex
	trace   trace.TraceID
	summary string
	times   int
}

// newRepeats returns nil if limit is 0 or less.
func newRepeats(limit int) *repeats {
	if limit <= 0 {
		return nil
	}
	return &repeats{seed: maphash.MakeSeed()}
}

// CountRepeats counts an operation with this summary in the trace of ctx. When the count
// exceeds [Config.Repeated], CountRepeats marks the local span in ctx. Normally it marks
// only one span per trace and summary. The exception is a count that was replaced and
// starts again.
func (t *Telemetry) CountRepeats(ctx context.Context, summary string) {
	if t.repeats == nil || summary == "" {
		return
	}
	parent := trace.SpanFromContext(ctx)
	if parent.IsRecording() && t.repeats.count(parent.SpanContext().TraceID(), summary) == t.config.Repeated+1 {
		parent.SetAttributes(repeatedKey.String(summary))
	}
}

// count adds one operation. It returns the number of operations with this summary that were
// counted in the trace.
func (r *repeats) count(id trace.TraceID, summary string) int {
	hash := maphash.String(r.seed, summary) ^ binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
	slot := &r.slots[hash%uint64(len(r.slots))]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.trace != id || slot.summary != summary {
		slot.trace, slot.summary, slot.times = id, summary, 0
	}
	slot.times++
	return slot.times
}
