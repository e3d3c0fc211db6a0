package pipeline

import (
	"runtime"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// mostShards bounds the memory that shards hold when little happens.
	mostShards = 16
	// someEnded are encoded without waiting for more. Fewer than one end in a
	// hundred wakes the sender.
	someEnded = ringSpans / 2
	// encodedAtEnd is how many spans are encoded by who ends one and finds no room.
	encodedAtEnd = 16
	// grain is how many bytes a shard is granted at a time.
	grain = 32 << 10
)

// shards take spans that have ended: one shard per processor, as a rule.
type shards struct {
	all    []shard
	buffer *buffer
	// pending is set when a shard has spans, and the sender was woken to send them
	// after the schedule delay.
	pending atomic.Bool
}

func newShards(b *buffer, encoding *otlp.Common) *shards {
	a := &shards{all: make([]shard, min(runtime.GOMAXPROCS(0), mostShards)), buffer: b}
	for i := range a.all {
		a.all[i].shards, a.all[i].buffer, a.all[i].encoder = a, b, encoding.NewEncoder()
	}
	return a
}

// add takes a span that has ended. The span is counted as dropped, or waits, when add
// returns. home is the shard that the caller used last.
//
// Processors that end spans as fast as they can leave no time for the sender: add
// yields to it now and then while the buffer fills, if that helps.
func (a *shards) add(home *int, span sdktrace.ReadOnlySpan) {
	size := sizeOf(span)
	for {
		s := a.lock(home)
		if s.push(span, size) {
			break
		}
		s.encode(encodedAtEnd)
	}
	if a.buffer.yield.Load() && a.buffer.yield.CompareAndSwap(true, false) {
		runtime.Gosched()
	}
}

// lock locks the shard at home, or one beside it that nobody is using, and makes
// that the home. All begin with the same, and part where they get in each other's
// way: spans that end one by one stay in order, as a rule.
func (a *shards) lock(home *int) *shard {
	for i := range a.all {
		at := (*home + i) % len(a.all)
		if s := &a.all[at]; s.mu.TryLock() {
			*home = at
			return s
		}
	}
	s := &a.all[*home]
	s.mu.Lock()
	return s
}

// added is called when a shard has taken a span, and has that many now.
func (a *shards) added(ended int) {
	excess, complete := a.buffer.limits.add()
	if excess > 0 {
		a.dropOldest(excess)
	}
	if complete {
		a.buffer.wakeSender()
	}
	if ended == someEnded || !a.pending.Load() && a.pending.CompareAndSwap(false, true) {
		a.buffer.wakeSender()
	}
}

// dropOldest drops that many spans of those that wait, those of the shards if there
// are no older ones.
func (a *shards) dropOldest(spans int64) {
	limits := &a.buffer.limits
	for ; spans > 0 && limits.waiting.Load() > limits.mostSpans; spans-- {
		if a.buffer.isEmpty() {
			a.seal(false)
		}
		if !a.buffer.evictSpan() {
			return
		}
	}
}

// encodeSome encodes the spans of shards that have many.
func (a *shards) encodeSome() {
	limits := &a.buffer.limits
	crowded := limits.unencoded.Load() > limits.mostUnencoded()/2
	for i := range a.all {
		if s := &a.all[i]; s.hasMany(crowded) {
			s.encode(ringSpans)
		}
	}
}

// sealAll queues what the shards hold, and returns the age of the youngest.
func (a *shards) sealAll() uint64 {
	a.pending.Store(false)
	a.seal(false)
	return a.buffer.youngest()
}

// seal queues what the shards hold; if they are closing, they take nothing any more.
func (a *shards) seal(closing bool) {
	for i := range a.all {
		a.all[i].seal(closing)
	}
}

// shard is where one processor at a time puts spans that have ended. They wait to
// be encoded together, by the sender: that is cheaper than one by one, and not part
// of ending a span unless they come faster than the sender is given time.
type shard struct {
	shards *shards
	buffer *buffer

	mu      sync.Mutex
	ended   ring
	bytes   int // of the heap: the spans in ended, and those that are being encoded
	granted int // how many bytes that may be
	closed  bool

	encoding sync.Mutex // for what is below; taken before mu
	encoder  *otlp.Encoder
	scratch  []byte
	chunk    *chunk

	_ [64]byte // shards share no cache line
}

// push takes a span, and is false when s has no room. A span that is larger than s is
// granted is encoded at once. The caller holds s.mu, which push unlocks.
func (s *shard) push(span sdktrace.ReadOnlySpan, size int) (taken bool) {
	closed, granted := s.closed, false
	if !closed {
		granted = s.grant(size)
		taken = (granted || s.ended.len == 0) && s.ended.push(span, size)
	}
	if taken {
		s.bytes += size
	}
	ended := s.ended.len
	s.mu.Unlock()
	switch {
	case closed:
		s.buffer.limits.stats.Drop(spanstats.AfterShutdown, 1)
		return true
	case !taken:
		return false
	}
	s.shards.added(ended)
	if !granted {
		s.encode(encodedAtEnd)
	}
	return true
}

// grant reports whether s may hold size bytes more. The caller holds s.mu.
func (s *shard) grant(size int) bool {
	if s.bytes+size <= s.granted {
		return true
	}
	more := (s.bytes + size - s.granted + grain - 1) / grain * grain
	granted, crowded := s.buffer.limits.grant(more)
	if crowded {
		s.buffer.wakeSender()
	}
	if granted {
		s.granted += more
	}
	return granted
}

// hasMany reports whether the spans that ended are to be encoded: any, if it is
// crowded.
func (s *shard) hasMany(crowded bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended.len >= someEnded || crowded && s.ended.len > 0
}

// encode encodes the oldest n spans that ended.
func (s *shard) encode(n int) {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.encodeEnded(n)
}

// encodeEnded is encode. The caller holds the lock of the encoding.
func (s *shard) encodeEnded(n int) {
	var room [encodedAtEnd]sdktrace.ReadOnlySpan
	for n > 0 {
		s.mu.Lock()
		spans, size := s.ended.pop(room[:min(n, len(room))])
		s.mu.Unlock()
		for i, span := range spans {
			spans[i] = nil
			if scope := s.encodeSpan(span); scope == nil {
				s.buffer.limits.dropUnbatched(spanstats.Encode, 1)
			} else if len(s.scratch) > largestBody {
				s.buffer.limits.dropUnbatched(spanstats.TooBig, 1)
			} else if !s.put(scope, s.scratch) {
				s.buffer.limits.dropUnbatched(spanstats.QueueFull, 1)
			}
			if cap(s.scratch) > 2*chunkBytes {
				s.setScratch(nil)
			}
		}
		if len(spans) == 0 {
			return
		}
		n -= len(spans)
		s.encoded(size)
	}
}

// encoded notes that s holds size bytes less, and takes back what it was granted
// when it holds nothing.
func (s *shard) encoded(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= size
	if s.bytes == 0 {
		s.buffer.limits.unencoded.Add(-int64(s.granted))
		s.granted = 0
	}
}

// encodeSpan encodes span into s.scratch. A bug costs the span, and not the program.
func (s *shard) encodeSpan(span sdktrace.ReadOnlySpan) (scope *otlp.ScopeKey) {
	defer func() {
		if value := recover(); value != nil {
			scope = nil
		}
	}()
	s.setScratch(s.encoder.AppendSpan(s.scratch[:0], span))
	return s.encoder.ScopeKey(span)
}

func (s *shard) setScratch(scratch []byte) {
	if more := cap(scratch) - cap(s.scratch); more != 0 {
		s.buffer.limits.scratch.Add(int64(more))
	}
	s.scratch = scratch
}

// put finds room for span. It is false when there is none, and nothing older to
// drop for it either.
func (s *shard) put(scope *otlp.ScopeKey, span []byte) bool {
	if s.chunk != nil && s.chunk.put(scope, span) {
		return true
	}
	if len(span) > chunkBytes {
		return s.putLarge(scope, span)
	}
	s.chunk = s.buffer.exchange(s.chunk)
	return s.chunk != nil && s.chunk.put(scope, span)
}

// putLarge queues a span in a chunk of its own, behind those before it.
func (s *shard) putLarge(scope *otlp.ScopeKey, span []byte) bool {
	s.sealChunk()
	s.setScratch(nil) // it is the chunk's
	return s.buffer.queueLarge(chunkOf(scope, span))
}

// sealChunk queues the chunk. The caller holds the lock of the encoding.
func (s *shard) sealChunk() {
	if s.chunk != nil && s.chunk.spans() > 0 {
		s.buffer.queueChunk(s.chunk)
		s.chunk = nil
	}
}

// seal queues what s holds; if it is closing, it takes nothing any more.
func (s *shard) seal(closing bool) {
	s.mu.Lock()
	s.closed = s.closed || closing
	s.mu.Unlock()
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.encodeEnded(ringSpans)
	s.sealChunk()
}
