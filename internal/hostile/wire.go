package hostile

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// Raw is a codec for gRPC. The messages are values of the type *[]byte, which Raw does not
// decode.
type Raw struct{}

// Marshal implements encoding.CodecV2.
func (Raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (Raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// Name implements encoding.CodecV2.
func (Raw) Name() string { return "proto" }

// EachSpan calls the function do with each span of an export request. The request and the
// spans are encoded.
func EachSpan(request []byte, do func(span []byte)) {
	fields(request, 1, func(resource []byte) {
		fields(resource, 2, func(scope []byte) { fields(scope, 2, do) })
	})
}

// Number returns the value of the attribute "number" of an encoded span, or 0.
func Number(span []byte) (number int) {
	fields(span, 9, func(attribute []byte) {
		fields(attribute, 1, func(key []byte) {
			if string(key) == "number" {
				fields(attribute, 2, func(value []byte) {
					n, _ := protowire.ConsumeVarint(value[1:])
					number = int(n)
				})
			}
		})
	})
	return number
}

// The function fields calls the function do with the content of each field in b that has
// the field number in the parameter number. It ignores fields of other wire types than
// bytes.
func fields(b []byte, number protowire.Number, do func([]byte)) {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return
		}
		b = b[size:]
		if n == number && kind == protowire.BytesType {
			value, size := protowire.ConsumeBytes(b)
			if size < 0 {
				return
			}
			do(value)
			b = b[size:]
			continue
		}
		if size = protowire.ConsumeFieldValue(n, kind, b); size < 0 {
			return
		}
		b = b[size:]
	}
}
