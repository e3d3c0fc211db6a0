// Package spanstats counts ended spans, or log records, until they are delivered or
// dropped.
package spanstats

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Reason says why a span or a log record was dropped.
type Reason string

// The reasons for which they are dropped.
const (
	QueueFull     Reason = "queue_full"
	TimedOut      Reason = "timeout"
	Rejected      Reason = "rejected"
	TooBig        Reason = "too_big"
	Encode        Reason = "encode"
	AfterShutdown Reason = "after_shutdown"
	CollectorLost Reason = "collector_lost" // twice while they were in flight
)

// A Stats counts every ended span, or every log record: what is neither delivered nor dropped
// is still waiting. It is safe for concurrent use. The zero value is empty.
type Stats struct {
	mu        sync.Mutex
	delivered int64
	dropped   map[Reason]int64
}

// Deliver notes that the collector took spans.
func (l *Stats) Deliver(spans int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered += spans
}

// Settle notes that the collector took that many, except those that it says it
// rejected.
func (l *Stats) Settle(rejected int64, all int) {
	rejected = min(max(rejected, 0), int64(all))
	l.Deliver(int64(all) - rejected)
	l.Drop(Rejected, rejected)
}

// Drop notes that spans are lost.
func (l *Stats) Drop(reason Reason, spans int64) {
	if spans == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped == nil {
		l.dropped = map[Reason]int64{}
	}
	l.dropped[reason] += spans
}

// Delivered returns how many spans the collector took.
func (l *Stats) Delivered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivered
}

// Drops returns how many spans were dropped, by reason and in all.
func (l *Stats) Drops() (byReason map[Reason]int64, all int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, spans := range l.dropped {
		all += spans
	}
	return maps.Clone(l.dropped), all
}

// Describe writes drops as "timeout 3, queue_full 1", the most first.
func Describe(dropped map[Reason]int64) string {
	reasons := slices.SortedFunc(maps.Keys(dropped), func(a, b Reason) int {
		if dropped[a] != dropped[b] {
			return int(dropped[b] - dropped[a])
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = fmt.Sprintf("%s %d", reason, dropped[reason])
	}
	return strings.Join(parts, ", ")
}
