// Package spanstats counts the spans, the log records and the metric data points that were
// delivered or dropped.
package spanstats

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Reason is the reason why an item was dropped.
type Reason string

// The reasons for which items are dropped.
const (
	QueueFull     Reason = "queue_full"
	TimedOut      Reason = "timeout"
	Rejected      Reason = "rejected"
	TooBig        Reason = "too_big"
	Encode        Reason = "encode"
	AfterShutdown Reason = "after_shutdown"
	CollectorLost Reason = "collector_lost" // the collector was lost twice
)

// A Stats counts the items of one signal that were delivered or dropped. The items are spans, log
// records or metric data points. If a span has ended but is in neither count, it is still waiting.
// A Stats is safe for concurrent use. In the zero value, all counts are 0.
type Stats struct {
	mu        sync.Mutex
	delivered int64
	dropped   map[Reason]int64
}

// Deliver counts delivered items. The parameter items is added to the count.
func (l *Stats) Deliver(items int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered += items
}

// Settle counts the items of a request that the collector accepted. all is the number of
// items in the request. The rejected items are counted as dropped, and the other items as
// delivered.
func (l *Stats) Settle(rejected int64, all int) {
	rejected = min(max(rejected, 0), int64(all))
	l.Deliver(int64(all) - rejected)
	l.Drop(Rejected, rejected)
}

// Drop counts dropped items. The parameter items is added to the count for reason.
func (l *Stats) Drop(reason Reason, items int64) {
	if items == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped == nil {
		l.dropped = map[Reason]int64{}
	}
	l.dropped[reason] += items
}

// Delivered returns the number of delivered items.
func (l *Stats) Delivered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivered
}

// Drops returns the number of dropped items, by reason and in total. The map may be nil.
func (l *Stats) Drops() (byReason map[Reason]int64, all int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, items := range l.dropped {
		all += items
	}
	return maps.Clone(l.dropped), all
}

// Describe formats drops as "timeout 3, queue_full 1", with the largest number first.
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
