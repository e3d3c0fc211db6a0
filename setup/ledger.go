package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// The reasons for which a span is dropped.
const (
	queueFull     = "queue_full"
	timedOut      = "timeout"
	rejected      = "rejected"
	tooBig        = "too_big"
	afterShutdown = "after_shutdown"
)

// ledger accounts for every ended span: what is neither delivered nor dropped
// is still waiting. It is safe for concurrent use.
type ledger struct {
	mu        sync.Mutex
	delivered int64
	dropped   map[string]int64
}

func newLedger() *ledger { return &ledger{dropped: map[string]int64{}} }

func (l *ledger) deliver(spans int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered += spans
}

func (l *ledger) drop(reason string, spans int64) {
	if spans == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped[reason] += spans
}

// deliveries returns how many spans the collector took.
func (l *ledger) deliveries() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivered
}

// drops returns how many spans were dropped, by reason and in all.
func (l *ledger) drops() (byReason map[string]int64, all int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, spans := range l.dropped {
		all += spans
	}
	return maps.Clone(l.dropped), all
}

// describeDrops writes drops as "timeout 3, queue_full 1", the most first.
func describeDrops(dropped map[string]int64) string {
	reasons := slices.SortedFunc(maps.Keys(dropped), func(a, b string) int {
		if dropped[a] != dropped[b] {
			return int(dropped[b] - dropped[a])
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = fmt.Sprintf("%s %d", reason, dropped[reason])
	}
	return strings.Join(parts, ", ")
}
