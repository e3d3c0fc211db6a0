package pipeline

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/setup/internal/otlp"
	"github.com/nais/spor/setup/internal/spanstats"
)

// newBuffer returns a buffer for most bytes.
func newBuffer(most int) *buffer {
	return &buffer{
		limits: limits{stats: &spanstats.Stats{}, bytes: func() int { return most }},
		wake:   make(chan struct{}, 1),
	}
}

// rules implements [otlp.Rules], as far as the tests in this file need it.
type rules struct{ otlp.Rules }

func (rules) Text(text string) string                             { return text }
func (rules) Completes(instrumentation.Scope) bool                { return false }
func (rules) Scope(s instrumentation.Scope) instrumentation.Scope { return s }
func (rules) Attribute(a attribute.KeyValue) (own, _ attribute.KeyValue) {
	return a, attribute.KeyValue{}
}

// scopes contains two scopes.
var scopes = func() (all [2]*otlp.ScopeKey) {
	encoder := otlp.NewCommon(rules{}).NewEncoder()
	for i := range all {
		stub := tracetest.SpanStub{InstrumentationScope: instrumentation.Scope{Name: strconv.Itoa(i)}, Resource: resource.Empty()}
		all[i] = encoder.ScopeKey(stub.Snapshot())
	}
	return all
}()

// full returns a full chunk. Its spans have different contents and different scopes.
func full(b *buffer, text func(i int) []byte) *chunk {
	b.mu.Lock()
	c := b.empty()
	b.mu.Unlock()
	for i := 0; c.put(scopes[i%len(scopes)], text(i)); i++ {
		continue
	}
	return c
}

// encoded returns a span as the encoder writes it: with random IDs, with or without a parent, and
// with the rest of its fields.
func encoded(i int, rest []byte) []byte {
	span := make([]byte, 28, 38+len(rest))
	_, _ = rand.Read(span)
	copy(span, "\x0a\x10")
	copy(span[18:], "\x12\x08")
	if i%3 > 0 {
		span = append(append(span, "\x22\x08"...), span[2:10]...)
	}
	span = append(span, rest...)
	return append(binary.AppendUvarint([]byte{0x12}, uint64(len(span))), span...)
}

func similar(i int) []byte { return encoded(i, fmt.Appendf(nil, "span %d with %0500d", i, i)) }

func random(i int) []byte {
	text := make([]byte, 400)
	_, _ = rand.Read(text)
	return encoded(i, text)
}

// packedChunks returns the number of compressed chunks in the queue.
func packedChunks(b *buffer) (n int) {
	for _, c := range b.queue.items[b.queue.first:] {
		if c.packed != nil {
			n++
		}
	}
	return n
}

func TestOnlyBacklogIsCompressed(t *testing.T) {
	const chunks = 64
	for name, tt := range map[string]struct {
		most int
		text func(int) []byte
		want int
	}{
		"no backlog":            {backlogFraction * (chunks + spareChunks) * chunkHeld, similar, 0},
		"backlog":               {chunks * chunkHeld, similar, chunks - 1},
		"spans that are random": {2 * chunks * chunkHeld, random, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuffer(tt.most)
			for range chunks {
				b.queueChunk(full(b, tt.text))
			}
			if got := packedChunks(b); got != tt.want {
				t.Errorf("compressed chunks: got %d, want %d of %d", got, tt.want, chunks)
			}
			if held := heldBy(b); b.held != held {
				t.Errorf("bytes of the queue: got %d, want %d", b.held, held)
			}
			drops, _ := b.limits.stats.Drops()
			if len(drops) > 0 {
				t.Errorf("dropped: %v", drops)
			}
		})
	}
}

func heldBy(b *buffer) (held int) {
	blocks := map[*block]bool{}
	for _, c := range b.queue.items[b.queue.first:] {
		held += c.held()
		if c.packed != nil && !blocks[c.packed.block] {
			blocks[c.packed.block] = true
			held += blockBytes
		}
	}
	return held
}

// TestCompressedSpansAreTheSame checks that batches contain the spans of compressed chunks in
// their order, with their scopes. Some of the spans were dropped before that.
func TestCompressedSpansAreTheSame(t *testing.T) {
	for _, batchSpans := range []int64{0, 100} {
		t.Run(fmt.Sprint("batches of ", batchSpans), func(t *testing.T) {
			const chunks, dropped = 40, 5
			b := newBuffer(chunks * chunkHeld)
			b.limits.batchSpans = batchSpans
			var want []otlp.Span
			for range chunks {
				c := full(b, similar)
				want = c.appendTo(want)
				for i := range want {
					want[i].Bytes = bytes.Clone(want[i].Bytes)
				}
				b.queueChunk(c)
			}
			if packedChunks(b) == 0 {
				t.Fatal("no chunk is compressed")
			}
			for range dropped {
				b.evictSpan()
			}
			want = want[dropped:]
			for len(want) > 0 {
				batch := b.next(sendState{}, math.MaxUint64)
				if batch == nil {
					t.Fatalf("%d spans are not sent", len(want))
				}
				if n := len(batch.spans); n > len(want) || !slices.EqualFunc(batch.spans, want[:n], sameSpan) {
					t.Fatalf("a batch of %d spans is different from the spans that ended", n)
				}
				want = want[len(batch.spans):]
				b.release(batch)
				b.finish(batch)
			}
			b.trim()
			if b.held != 0 || b.queued != 0 {
				t.Errorf("at the end: got %d bytes of memory and %d queued bytes, want none", b.held, b.queued)
			}
		})
	}
}

func sameSpan(a, b otlp.Span) bool { return a.Scope == b.Scope && bytes.Equal(a.Bytes, b.Bytes) }

// TestChunkIsTakenWhileItIsCompressed checks that a chunk can be sent or dropped while another
// goroutine is compressing it.
func TestChunkIsTakenWhileItIsCompressed(t *testing.T) {
	for name, take := range map[string]func(*buffer){
		"sent": func(b *buffer) {
			batch := b.next(sendState{}, math.MaxUint64)
			b.release(batch)
			b.finish(batch)
		},
		"dropped": func(b *buffer) {
			for b.evict() {
				continue
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuffer(8 * chunkHeld)
			for range 3 {
				b.enqueue(full(b, similar))
			}
			c := b.beginPacking()
			if c == nil {
				t.Fatal("there is no chunk to compress")
			}
			take(b)
			if slices.Contains(b.spare.items, c) {
				t.Error("the chunk was made ready for other spans")
			}
			held := b.held
			b.endPacking(c, b.packer.pack(c))
			if b.held != held || c.packed != nil {
				t.Errorf("bytes: got %d, want %d; compressed: %t", b.held, held, c.packed != nil)
			}
		})
	}
}
