package pipeline

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"google.golang.org/grpc/mem"

	"github.com/nais/spor/setup/internal/otlp"
)

const (
	// bodyBytes is how many bytes of spans go into a request, or those of one
	// span that has more.
	bodyBytes = 512 << 10
	// bodyRoom is for resource and scopes too.
	bodyRoom = bodyBytes + 64<<10
	// largestBody leaves room below the 4 MiB that a gRPC server accepts.
	largestBody = 3_500 << 10
	// spareBodies is how many are kept for the next requests.
	spareBodies = 4
)

// body is a request as bytes. It has a holder for the batch, and one for each
// time that gRPC sends it, which may let go after the call has returned.
type body struct {
	bytes   []byte
	held    int // of the memory, with the list of its spans
	holders atomic.Int32
	bodies  *bodies
}

// buffer returns the body for one call of gRPC.
func (b *body) buffer() mem.Buffer {
	b.holders.Add(1)
	bytes := b.bytes // its room is beyond what gRPC leaves to the collector of garbage
	return mem.NewBuffer(&bytes, b)
}

// Get implements mem.BufferPool. gRPC does not call it.
func (*body) Get(length int) *[]byte {
	bytes := make([]byte, length)
	return &bytes
}

// Put implements mem.BufferPool: a call of gRPC has let go of the body.
func (b *body) Put(*[]byte) { b.release() }

func (b *body) release() {
	if b.holders.Add(-1) == 0 {
		b.bodies.put(b)
	}
}

// bodies composes requests, in bodies that are used again. It is safe for concurrent
// use.
type bodies struct {
	composing sync.Mutex
	composer  otlp.Composer
	spare     spares[body]
}

// compose returns a request of spans, whose bytes are in it from then on.
func (p *bodies) compose(spans []otlp.Span) *body {
	b := p.get(sizeOfSpans(spans))
	b.holders.Store(1)
	p.composing.Lock()
	defer p.composing.Unlock()
	b.bytes = p.composer.AppendRequest(b.bytes[:0], spans)
	b.held = cap(b.bytes) + cap(spans)*int(unsafe.Sizeof(otlp.Span{}))
	return b
}

func sizeOfSpans(spans []otlp.Span) int {
	size := 0
	for i := range spans {
		size += len(spans[i].Bytes)
	}
	return size
}

// get returns a body for that many bytes of spans: one without room where the
// ordinary room is far too much, or too little.
func (p *bodies) get(size int) *body {
	if size < bodyBytes/2 || size > bodyBytes {
		return &body{bodies: p}
	}
	if b := p.spare.pop(); b != nil {
		return b
	}
	return &body{bodies: p, bytes: make([]byte, 0, bodyRoom)}
}

// put keeps b, unless it has grown to that of a large span.
func (p *bodies) put(b *body) {
	if cap(b.bytes) == bodyRoom {
		p.spare.push(b, spareBodies)
	}
}
