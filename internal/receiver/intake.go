package receiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// What requests may take. A few kilobytes unpack to megabytes of empty spans, and
// those decode to a hundred times that, so each step has a bound. Together they keep
// the heap of a receiver below 256 MiB, whatever is sent.
const (
	// maxRequestBytes is the largest export request taken, after decompression. The
	// Collector takes 4 MiB; a receiver on a laptop can be kinder than that.
	maxRequestBytes = 16 << 20
	// maxUnpacking is the number of requests that are unpacked and decoded at once.
	maxUnpacking = 2
	// maxDecodedBytes is the memory of the requests that are decoded and not answered.
	maxDecodedBytes = 80 << 20
	// maxStreams is the number of requests under way on one connection.
	maxStreams = 32
)

// An intake receives requests, and bounds the memory that they take.
type intake struct {
	layouts   layouts
	unpacking chan *bytes.Buffer // one for each request that may be unpacked
	memory    *budget
}

func newIntake() *intake {
	i := &intake{layouts: layouts{}, unpacking: make(chan *bytes.Buffer, maxUnpacking), memory: newBudget(maxDecodedBytes)}
	for range maxUnpacking {
		i.unpacking <- new(bytes.Buffer)
	}
	return i
}

// receive reads the request of a stream. Its memory counts until release is called.
func (i *intake) receive(stream grpc.ServerStream, request proto.Message) (release func(), err error) {
	var sent packet
	if err := stream.RecvMsg(&sent); err != nil {
		return nil, err
	}
	ctx := stream.Context()
	select {
	case buffer := <-i.unpacking:
		defer func() { i.unpacking <- buffer }()
		return i.decode(ctx, sent, buffer, request)
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (i *intake) decode(ctx context.Context, sent packet, buffer *bytes.Buffer, request proto.Message) (release func(), err error) {
	data, err := sent.unpack(buffer)
	if err != nil {
		return nil, err
	}
	size, err := i.layouts.sizeOf(request, data, maxDecodedBytes)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, status.Errorf(codes.ResourceExhausted, "receiver: the request is too large: decoded it takes more than %d MiB", maxDecodedBytes>>20)
	case err != nil:
		return nil, status.Errorf(codes.Internal, "receiver: decode the request: %v", err)
	}
	if err := i.memory.take(ctx, size); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	release = func() { i.memory.give(size) }
	if err := proto.Unmarshal(data, request); err != nil {
		release()
		return nil, status.Errorf(codes.Internal, "receiver: decode the request: %v", err)
	}
	return release, nil
}

// A packet is a request as it was sent.
type packet []byte

// gzipMagic begins what gzip wrote. No message begins so: there is no wire type 7.
const gzipMagic = "\x1f\x8b"

// unpack returns the request as it was before it was gzipped, which is in buffer if
// it was.
func (p packet) unpack(buffer *bytes.Buffer) ([]byte, error) {
	if !bytes.HasPrefix(p, []byte(gzipMagic)) {
		return p, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "receiver: unpack the request: %v", err)
	}
	buffer.Reset()
	claimed := binary.LittleEndian.Uint32(p[len(p)-4:]) // by gzip's last four bytes
	buffer.Grow(int(min(claimed, maxRequestBytes)) + 2*bytes.MinRead)
	n, err := buffer.ReadFrom(io.LimitReader(r, maxRequestBytes+1))
	switch {
	case err != nil:
		return nil, status.Errorf(codes.Internal, "receiver: unpack the request: %v", err)
	case n > maxRequestBytes:
		return nil, status.Errorf(codes.ResourceExhausted, "receiver: the request is too large: unpacked it has more than %d MiB", maxRequestBytes>>20)
	}
	return buffer.Bytes(), nil
}

// packed hands gzipped requests on as they are, so that gRPC does not unpack any
// number of them at once.
type packed struct{}

func (packed) Do(r io.Reader) ([]byte, error) { return io.ReadAll(r) }
func (packed) Type() string                   { return "gzip" }

// codec decodes into packets alone, and encodes messages.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	p, ok := v.(*packet)
	if !ok {
		return fmt.Errorf("receiver: decode into %T", v)
	}
	*p = data.Materialize()
	return nil
}
