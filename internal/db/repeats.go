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

// The conventions have neither of these.
const (
	slowKey     attribute.Key = "db.query.slow"
	repeatedKey attribute.Key = "db.query.repeated"
)

// MarkSlow marks span as slow if the operation took so long.
func (t *Telemetry) MarkSlow(span trace.Span, took time.Duration) {
	if slow := t.config.SlowQuery; slow > 0 && took >= slow {
		span.SetAttributes(slowKey.Bool(true))
	}
}

// repeats counts how often a trace does the same. Its memory is bounded: where two
// traces share a slot, the later one replaces the other, whose count starts again.
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

// newRepeats returns nil without a limit.
func newRepeats(limit int) *repeats {
	if limit <= 0 {
		return nil
	}
	return &repeats{seed: maphash.MakeSeed()}
}

// CountRepeats marks the local span in ctx when its trace has repeated the operation
// with that summary more often than the limit: once, when that is first so.
func (t *Telemetry) CountRepeats(ctx context.Context, summary string) {
	if t.repeats == nil || summary == "" {
		return
	}
	parent := trace.SpanFromContext(ctx)
	if parent.IsRecording() && t.repeats.count(parent.SpanContext().TraceID(), summary) == t.config.Repeated+1 {
		parent.SetAttributes(repeatedKey.String(summary))
	}
}

// count returns how often that was done now.
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
