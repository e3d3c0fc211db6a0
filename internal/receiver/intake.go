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

// These are the limits for requests. A request of a few kilobytes can decompress to megabytes of
// empty spans. Decoding can need a hundred times as much memory as the decompressed spans. So
// there are limits for both steps, decompression and decoding. Together, the limits keep the heap
// of a receiver below 256 MiB for any input.
const (
	// maxRequestBytes is the maximum size of an export request after decompression. The
	// OpenTelemetry Collector accepts only 4 MiB, but a receiver on a laptop can accept more.
	maxRequestBytes = 16 << 20
	// maxUnpacking is the maximum number of requests that are decompressed and decoded at the
	// same time.
	maxUnpacking = 2
	// maxDecodedBytes is the maximum memory of all requests that are decoded and have no answer
	// yet.
	maxDecodedBytes = 80 << 20
	// maxBodies is the maximum number of requests over HTTP whose bodies are read at the same time.
	maxBodies = 64
	// maxSmallBody is the size from which a body is large. At the same time, maxLarge large bodies
	// are read.
	maxSmallBody, maxLarge = 512 << 10, 2
	// maxStreams is the maximum number of requests in progress on one connection.
	maxStreams = 32
)

// An intake receives requests and limits the memory that they use.
type intake struct {
	layouts   layouts
	unpacking chan *bytes.Buffer // contains the buffers that are free; each decompression needs one
	memory    *budget
	bodies    chan struct{}
	large     chan struct{}
}

func newIntake() *intake {
	i := &intake{layouts: layouts{}, unpacking: make(chan *bytes.Buffer, maxUnpacking), memory: newBudget(maxDecodedBytes), bodies: make(chan struct{}, maxBodies), large: make(chan struct{}, maxLarge)}
	for range maxUnpacking {
		i.unpacking <- new(bytes.Buffer)
	}
	return i
}

// The method receive reads and decodes the request of a stream. It reserves the memory of the
// decoded request. The caller must call release to give this memory back.
func (i *intake) receive(stream grpc.ServerStream, request proto.Message) (release func(), err error) {
	var sent packet
	if err := stream.RecvMsg(&sent); err != nil {
		return nil, err
	}
	return i.decode(stream.Context(), sent, i.binary(), request)
}

// The method decode does the same as receive, for a request that has arrived already.
func (i *intake) decode(ctx context.Context, sent unpacker, e encoded, request proto.Message) (release func(), err error) {
	select {
	case buffer := <-i.unpacking:
		defer func() { i.unpacking <- buffer }()
		data, err := sent.unpack(buffer)
		if err != nil {
			return nil, err
		}
		return i.unmarshal(ctx, data, e, request)
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// encoded is an encoding of requests. The function sizeOf estimates how much memory a request needs
// after decoding, and returns errTooLarge if this is more than limit.
type encoded struct {
	sizeOf    func(request proto.Message, data []byte, limit int) (int, error)
	unmarshal func(data []byte, request proto.Message) error
}

func (i *intake) binary() encoded { return encoded{i.layouts.sizeOf, proto.Unmarshal} }

func (i *intake) unmarshal(ctx context.Context, data []byte, e encoded, request proto.Message) (release func(), err error) {
	size, err := e.sizeOf(request, data, maxDecodedBytes)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, status.Errorf(codes.ResourceExhausted, "receiver: the request is too large: it uses more than %d MiB of memory after decoding", maxDecodedBytes>>20)
	case err != nil:
		return nil, status.Errorf(codes.Internal, "receiver: decode the request: %v", err)
	}
	if err := i.memory.take(ctx, size); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	release = func() { i.memory.give(size) }
	if err := e.unmarshal(data, request); err != nil {
		release()
		return nil, status.Errorf(codes.Internal, "receiver: decode the request: %v", err)
	}
	return release, nil
}

// An unpacker is a request in the form in which the client sent it. The method unpack returns the
// decompressed request, which may be in buffer.
type unpacker interface {
	unpack(buffer *bytes.Buffer) ([]byte, error)
}

// A packet is an unpacker in one piece.
type packet []byte

// gzipMagic is the beginning of all gzipped data. No protobuf message begins with these bytes,
// because wire type 7 does not exist.
const gzipMagic = "\x1f\x8b"

func (p packet) unpack(buffer *bytes.Buffer) ([]byte, error) {
	if !bytes.HasPrefix(p, []byte(gzipMagic)) {
		return p, nil
	}
	return gunzip(bytes.NewReader(p), p, buffer)
}

// The function gunzip decompresses a request into buffer. last is the last part of the compressed
// request.
func gunzip(compressed io.Reader, last []byte, buffer *bytes.Buffer) ([]byte, error) {
	r, err := gzip.NewReader(compressed)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "receiver: decompress the request: %v", err)
	}
	buffer.Reset()
	claimed := binary.LittleEndian.Uint32(last[len(last)-4:]) // the size before compression, as the client has set it
	buffer.Grow(int(min(claimed, maxRequestBytes)) + 2*bytes.MinRead)
	n, err := buffer.ReadFrom(io.LimitReader(r, maxRequestBytes+1))
	switch {
	case err != nil:
		return nil, status.Errorf(codes.Internal, "receiver: decompress the request: %v", err)
	case n > maxRequestBytes:
		return nil, status.Errorf(codes.ResourceExhausted, "receiver: the request is too large: it has more than %d MiB after decompression", maxRequestBytes>>20)
	}
	return buffer.Bytes(), nil
}

// The type packed is a decompressor that returns gzipped requests unchanged. With gRPC's own
// decompressor, there would be no limit for the number of requests that are decompressed at the
// same time.
type packed struct{}

func (packed) Do(r io.Reader) ([]byte, error) { return io.ReadAll(r) }
func (packed) Type() string                   { return "gzip" }

// codec decodes a request into a packet, and returns an error for every other type. It encodes
// responses as protobuf messages.
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
