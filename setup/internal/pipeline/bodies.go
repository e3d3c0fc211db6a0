package pipeline

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"google.golang.org/grpc/mem"

	"github.com/nais/spor/setup/internal/otlp"
)

const (
	// bodyBytes is the maximum number of bytes of the spans in a request. The exception is
	// a request with a single span, which may be larger.
	bodyBytes = 512 << 10
	// bodyRoom is the capacity of an ordinary body in bytes. It includes space for the
	// resource and the scopes.
	bodyRoom = bodyBytes + 64<<10
	// largestBody is the maximum size of a request in bytes. It is smaller than 4 MiB, the
	// maximum size that a gRPC server accepts by default.
	largestBody = 3_500 << 10
	// spareBodies is the maximum number of bodies that are kept for later requests.
	spareBodies = 4
)

// body is an encoded request. Its holders are the batch and each gRPC call that sends the
// body. When all holders have released the body, it can be reused. It is possible that a
// gRPC call returns first, and releases the body later.
type body struct {
	bytes   []byte
	held    int // bytes of memory that are used, including the list of spans
	holders atomic.Int32
	bodies  *bodies
}

func (b *body) buffer() mem.Buffer {
	b.holders.Add(1)
	// gRPC calls Put, because a reusable body is larger than gRPC's threshold for pooling.
	bytes := b.bytes
	return mem.NewBuffer(&bytes, b)
}

// Get implements mem.BufferPool. gRPC does not call it.
func (*body) Get(length int) *[]byte {
	bytes := make([]byte, length)
	return &bytes
}

// Put implements mem.BufferPool. gRPC calls it when one of its calls has released the body.
func (b *body) Put(*[]byte) { b.release() }

func (b *body) release() {
	if b.holders.Add(-1) == 0 {
		b.bodies.put(b)
	}
}

// bodies composes requests, and reuses their bodies. It is safe for concurrent use.
type bodies struct {
	composing sync.Mutex
	composer  otlp.Composer
	spare     spares[body]
}

// compose returns a request that contains a copy of the bytes of each span. It sets the
// field Bytes of the span to this copy.
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

// get returns a body for a request. size is the total size of the spans of the request in
// bytes. Usually the capacity of the body is bodyRoom. If bodyRoom is too small or much
// too large for the request, the body has no capacity yet.
func (p *bodies) get(size int) *body {
	if size < bodyBytes/2 || size > bodyBytes {
		return &body{bodies: p}
	}
	if b := p.spare.pop(); b != nil {
		return b
	}
	return &body{bodies: p, bytes: make([]byte, 0, bodyRoom)}
}

// put keeps b for later requests if the capacity of b is bodyRoom.
func (p *bodies) put(b *body) {
	if cap(b.bytes) == bodyRoom {
		p.spare.push(b, spareBodies)
	}
}
