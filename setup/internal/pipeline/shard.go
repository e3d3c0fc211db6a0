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
	// mostShards is the maximum number of shards. There is a maximum because each shard
	// uses memory, even if few spans end.
	mostShards = 16
	// someEnded is a number of spans. When a ring contains so many spans, the sender
	// encodes them without waiting for more. Because this number is high, the sender is
	// woken for fewer than one in 100 spans.
	someEnded = ringSpans / 2
	// encodedAtEnd is a number of spans. If a goroutine ends a span and the shard has no
	// space for this span, the goroutine encodes at most encodedAtEnd spans, and then tries
	// again.
	encodedAtEnd = 16
	// grain is a number of bytes. Memory is granted to a shard in multiples of grain.
	grain = 32 << 10
)

// shards contains the shards of a Processor and distributes ended spans to them. The number
// of shards is GOMAXPROCS, but at most mostShards.
type shards struct {
	all    []shard
	buffer *buffer
	sizer  sizer
	// pending is true if a shard contains spans and the sender was woken for them. The
	// sender will send them after the delay.
	pending atomic.Bool
}

func newShards(b *buffer, encoding *otlp.Common, z sizer) *shards {
	a := &shards{all: make([]shard, min(runtime.GOMAXPROCS(0), mostShards)), buffer: b, sizer: z}
	for i := range a.all {
		a.all[i].shards, a.all[i].buffer, a.all[i].encoder = a, b, encoding.NewEncoder()
	}
	return a
}

// add puts a span that has ended into a shard. When add returns, the span is waiting or is
// counted as dropped. home is the index of the shard that the caller used last.
//
// If all CPUs of the machine are busy with ending spans, the sender may get no time to run.
// Therefore, add sometimes yields while the buffer fills.
func (a *shards) add(home *int, span sdktrace.ReadOnlySpan) {
	size := a.sizer.sizeOf(span)
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

// lock locks the shard with the index home. If another goroutine holds that lock, the next
// shard that is not locked is locked instead, and home is set to the index of this shard.
// At first, home is 0 for all callers, so they use other shards only if they end spans at
// the same time. Therefore, spans that end one after another usually stay in order.
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

// added is called after a span was put into the ring of a shard. ended is the number of
// spans in this ring.
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

// dropOldest drops waiting spans, the oldest first. spans is the number of spans to drop.
// If no encoded spans wait, dropOldest first moves the spans of the shards to the buffer.
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

func (a *shards) encodeSome() {
	limits := &a.buffer.limits
	crowded := limits.unencoded.Load() > limits.mostUnencoded()/2
	for i := range a.all {
		if s := &a.all[i]; s.hasMany(crowded) {
			s.encode(ringSpans)
		}
	}
}

// sealAll queues the spans of all shards. It returns the sequence number of the last queued
// chunk.
func (a *shards) sealAll() uint64 {
	a.pending.Store(false)
	a.seal(false)
	return a.buffer.youngest()
}

// seal queues the spans of all shards. If closing is true, the shards count later spans as
// dropped.
func (a *shards) seal(closing bool) {
	for i := range a.all {
		a.all[i].seal(closing)
	}
}

// shard contains spans that have ended. Only one goroutine at a time can add a span. The
// spans wait until the sender encodes several spans together. This is cheaper than encoding
// them one by one, and it does not slow down the goroutine that ends a span. If spans end
// faster than the sender encodes them, the goroutine that ends a span also encodes some
// spans.
type shard struct {
	shards *shards
	buffer *buffer

	mu      sync.Mutex
	ended   ring
	bytes   int // heap bytes of the spans in the ring and of the spans that are being encoded
	granted int // number of bytes that s may use
	closed  bool

	encoding sync.Mutex // protects the following fields; always locked before mu
	encoder  *otlp.Encoder
	scratch  []byte
	chunk    *chunk

	_ [64]byte // padding, so that two shards do not share a cache line
}

// push puts a span into the ring. It returns false if the ring is full, or if the shard may
// not use so much memory. The exception is an empty ring: then push takes the span even if
// the shard may not use so much memory, and encodes it immediately. The caller must hold
// s.mu. push unlocks s.mu.
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

// grant reports whether s may use size additional bytes. The caller must hold s.mu.
func (s *shard) grant(size int) bool {
	if s.bytes+size <= s.granted {
		return true
	}
	if size >= unknownSize {
		return false
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

// hasMany reports whether the ring contains so many spans that they must be encoded. If
// crowded is true, one span is enough.
func (s *shard) hasMany(crowded bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended.len >= someEnded || crowded && s.ended.len > 0
}

func (s *shard) encode(n int) {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.encodeEnded(n)
}

// encodeEnded does the same as encode. The caller must hold s.encoding.
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

// encoded is called after spans were encoded. size is the number of bytes that s no longer
// uses for these spans. If s now uses no bytes, s returns all memory that was granted to it.
func (s *shard) encoded(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= size
	if s.bytes == 0 {
		s.buffer.limits.unencoded.Add(-int64(s.granted))
		s.granted = 0
	}
}

// encodeSpan encodes span into s.scratch. If the encoder panics, only this span is lost.
func (s *shard) encodeSpan(span sdktrace.ReadOnlySpan) (scope *otlp.ScopeKey) {
	defer func() {
		if value := recover(); value != nil {
			scope = nil
		}
	}()
	scratch, scope := s.encoder.AppendSpan(s.scratch[:0], span)
	s.setScratch(scratch)
	return scope
}

func (s *shard) setScratch(scratch []byte) {
	if more := cap(scratch) - cap(s.scratch); more != 0 {
		s.buffer.limits.scratch.Add(int64(more))
	}
	s.scratch = scratch
}

// put stores an encoded span in a chunk. It returns false if there is not enough memory and
// no older span can be dropped.
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

// putLarge queues a span in a separate chunk, after the spans of s that ended earlier.
func (s *shard) putLarge(scope *otlp.ScopeKey, span []byte) bool {
	s.sealChunk()
	s.setScratch(nil) // the chunk uses this memory now
	return s.buffer.queueLarge(chunkOf(scope, span))
}

// sealChunk queues the current chunk. The caller must hold s.encoding.
func (s *shard) sealChunk() {
	if s.chunk != nil && s.chunk.spans() > 0 {
		s.buffer.queueChunk(s.chunk)
		s.chunk = nil
	}
}

func (s *shard) seal(closing bool) {
	s.mu.Lock()
	s.closed = s.closed || closing
	s.mu.Unlock()
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.encodeEnded(ringSpans)
	s.sealChunk()
}
