package pipeline

import (
	"runtime"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

// shard is where one processor at a time puts spans that have ended. They wait to
// be encoded together, by the sender: that is cheaper than one by one, and not part
// of ending a span unless they come faster than the sender is given time.
type shard struct {
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

const (
	// someEnded are encoded without waiting for more. Fewer than one end in a
	// hundred wakes the sender.
	someEnded = ringSpans / 2
	// own is how many spans are encoded by who ends one and finds no room.
	own = 16
	// grain is how many bytes a shard is granted at a time.
	grain = 32 << 10
)

// lock locks the shard at home, or one beside it that nobody is using, and makes
// that the home. All begin with the same, and part where they get in each other's
// way: spans that end one by one stay in order, as a rule.
func (b *buffer) lock(home *int) *shard {
	for i := range b.shards {
		at := (*home + i) % len(b.shards)
		if s := &b.shards[at]; s.mu.TryLock() {
			*home = at
			return s
		}
	}
	s := &b.shards[*home]
	s.mu.Lock()
	return s
}

// add takes a span that has ended. It is settled, or waits, when add returns.
//
// Processors that end spans as fast as they can leave none for the sender: it is
// given its turn now and then while the buffer fills, if that helps.
func (b *buffer) add(home *int, span sdktrace.ReadOnlySpan) {
	size := sizeOf(span)
	for {
		s, taken := b.push(home, span, size)
		if taken {
			break
		}
		b.encode(s, own)
	}
	if b.press.Load() && b.press.CompareAndSwap(true, false) {
		runtime.Gosched()
	}
}

// push is false when s has no room. A span that is larger than s is granted is
// encoded at once.
func (b *buffer) push(home *int, span sdktrace.ReadOnlySpan, size int) (s *shard, taken bool) {
	s = b.lock(home)
	closed, granted := s.closed, false
	if !closed {
		granted = b.grant(s, size)
		taken = (granted || s.ended.len == 0) && s.ended.push(span, size)
	}
	if taken {
		s.bytes += size
	}
	ended := s.ended.len
	s.mu.Unlock()
	switch {
	case closed:
		b.stats.Drop(spanstats.AfterShutdown, 1)
		return s, true
	case !taken:
		return s, false
	}
	if b.mostSpans > 0 || b.batchSpans > 0 {
		b.count()
	}
	if ended == someEnded || !b.timed.Load() && b.timed.CompareAndSwap(false, true) {
		b.wakeSender()
	}
	if !granted {
		b.encode(s, own)
	}
	return s, true
}

// grant reports whether s may hold size bytes more. The caller holds s.mu.
func (b *buffer) grant(s *shard, size int) bool {
	if s.bytes+size <= s.granted {
		return true
	}
	more := (s.bytes + size - s.granted + grain - 1) / grain * grain
	all, most := b.unencoded.Add(int64(more)), b.mostUnencoded()
	if all > most {
		b.unencoded.Add(-int64(more))
		return false
	}
	if all > most/2 {
		b.wakeSender()
	}
	s.granted += more
	return true
}

// mostUnencoded is how many bytes all shards are granted at most.
func (b *buffer) mostUnencoded() int64 { return int64(b.bytes() / 8) }

// count bounds the number of spans, and has a batch sent that is complete.
func (b *buffer) count() {
	waiting, unbatched := b.waiting.Add(1), b.unbatched.Add(1)
	if b.mostSpans > 0 && waiting > b.mostSpans {
		b.dropOldest(waiting - b.mostSpans)
	}
	if b.batchSpans > 0 && unbatched >= b.batchSpans {
		b.wakeSender()
	}
}

// encodeSome encodes what has ended where it is much.
func (b *buffer) encodeSome() {
	crowded := b.unencoded.Load() > b.mostUnencoded()/2
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		some := s.ended.len >= someEnded || crowded && s.ended.len > 0
		s.mu.Unlock()
		if some {
			b.encode(s, ringSpans)
		}
	}
}

// encode encodes the oldest n spans that ended in s.
func (b *buffer) encode(s *shard, n int) {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	b.encodeEnded(s, n)
}

// encodeEnded is encode. The caller holds the lock of the encoding.
func (b *buffer) encodeEnded(s *shard, n int) {
	var room [own]sdktrace.ReadOnlySpan
	for n > 0 {
		s.mu.Lock()
		spans, size := s.ended.pop(room[:min(n, len(room))])
		s.mu.Unlock()
		for i, span := range spans {
			spans[i] = nil
			if origin := b.encodeSpan(s, span); origin == nil {
				b.lose(spanstats.Encode)
			} else if len(s.scratch) > largestBody {
				b.lose(spanstats.TooBig)
			} else if !b.put(s, origin, s.scratch) {
				b.lose(spanstats.QueueFull)
			}
			if cap(s.scratch) > 2*chunkBytes {
				b.setScratch(s, nil)
			}
		}
		if len(spans) == 0 {
			return
		}
		n -= len(spans)
		b.encoded(s, size)
	}
}

// encoded notes that s holds size bytes less, and takes back what it was granted
// when it holds nothing.
func (b *buffer) encoded(s *shard, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= size
	if s.bytes == 0 {
		b.unencoded.Add(-int64(s.granted))
		s.granted = 0
	}
}

// encodeSpan encodes span into s.scratch. A bug costs the span, and not the program.
func (b *buffer) encodeSpan(s *shard, span sdktrace.ReadOnlySpan) (origin *otlp.Origin) {
	defer func() {
		if value := recover(); value != nil {
			origin = nil
		}
	}()
	b.setScratch(s, s.encoder.AppendSpan(s.scratch[:0], span))
	return s.encoder.Origin(span)
}

func (b *buffer) setScratch(s *shard, scratch []byte) {
	if more := cap(scratch) - cap(s.scratch); more != 0 {
		b.scratch.Add(int64(more))
	}
	s.scratch = scratch
}

// lose settles a span that is in no chunk yet.
func (b *buffer) lose(reason spanstats.Reason) {
	b.unbatched.Add(-1)
	b.drop(reason, 1)
}

// put finds room for span. It is false when there is none, and nothing older to
// drop for it either.
func (b *buffer) put(s *shard, origin *otlp.Origin, span []byte) bool {
	if s.chunk != nil && s.chunk.put(origin, span) {
		return true
	}
	if len(span) > chunkBytes {
		return b.putLarge(s, origin, span)
	}
	s.chunk = b.exchange(s.chunk)
	return s.chunk != nil && s.chunk.put(origin, span)
}

// putLarge queues a span in a chunk of its own, behind those before it.
func (b *buffer) putLarge(s *shard, origin *otlp.Origin, span []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.chunk != nil && s.chunk.spans() > 0 {
		b.seal(s.chunk)
		s.chunk = nil
	}
	c := chunkOf(origin, span)
	b.setScratch(s, nil) // it is the chunk's
	if !b.makeRoom(c.held()) {
		return false
	}
	b.held += c.held()
	b.seal(c)
	return true
}

// sealAll queues what the shards hold, and returns the age of the youngest.
func (b *buffer) sealAll() uint64 {
	b.timed.Store(false)
	b.sealShards()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

func (b *buffer) sealShards() {
	for i := range b.shards {
		b.sealShard(&b.shards[i], false)
	}
}

// sealShard queues what s holds; a shard that is closed takes nothing any more.
func (b *buffer) sealShard(s *shard, closing bool) {
	if closing {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	}
	s.encoding.Lock()
	defer s.encoding.Unlock()
	b.encodeEnded(s, ringSpans)
	if s.chunk != nil && s.chunk.spans() > 0 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.seal(s.chunk)
		s.chunk = nil
	}
}

// close lets no span in any more.
func (b *buffer) close() {
	for i := range b.shards {
		b.sealShard(&b.shards[i], true)
	}
}
