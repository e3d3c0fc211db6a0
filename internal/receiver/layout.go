package receiver

import (
	"errors"
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// layouts are those of the messages of OTLP, by name.
type layouts map[protoreflect.FullName]*layout

// A layout is what is needed to tell how much memory a message takes when it is
// decoded, without decoding it.
type layout struct {
	bytes  int // of the message itself
	fields map[protowire.Number]fieldLayout
}

type fieldLayout struct {
	message *layout // nil for any other field
	bytes   int     // of each value, beside what it holds
	perByte int     // of the encoded value
}

// What a value takes beside its own bytes.
const (
	inSlice = 24 // a pointer or a header in a slice that grows
	inOneof = 24 // the struct around it
	rounded = 8  // by the allocator
)

// add adds the layouts of a message and of those that it holds.
func (l layouts) add(d protoreflect.MessageDescriptor) *layout {
	if known := l[d.FullName()]; known != nil {
		return known
	}
	added := &layout{bytes: sizeOfType(d), fields: map[protowire.Number]fieldLayout{}}
	l[d.FullName()] = added // before its fields: a message may hold itself
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		var field fieldLayout
		switch f.Kind() {
		case protoreflect.MessageKind:
			field.message = l.add(f.Message())
		case protoreflect.StringKind, protoreflect.BytesKind:
			field.perByte, field.bytes = 1, rounded
		case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
			field.perByte = 2 // packed, in a slice that grows
		default:
			field.perByte = 16 // packed, a byte for a number of eight
		}
		if isNumber := field.message == nil && field.bytes == 0; isNumber && !f.IsList() {
			field.perByte = 0 // part of the message itself
		}
		if f.IsList() {
			field.bytes += inSlice
		}
		if f.ContainingOneof() != nil {
			field.bytes += inOneof
		}
		added.fields[f.Number()] = field
	}
	return added
}

// sizeOfType returns the bytes of the Go type, as they are allocated.
func sizeOfType(d protoreflect.MessageDescriptor) int {
	const unknown = 512
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return unknown
	}
	size := int(reflect.TypeOf(t.Zero().Interface()).Elem().Size())
	return size + size/8 // the allocator rounds up
}

// sizeOf estimates the memory that m takes once data is decoded into it, and stops
// with errTooLarge above limit. It is never far below, and at most twice what honest
// requests take.
func (l layouts) sizeOf(m proto.Message, data []byte, limit int) (int, error) {
	left := limit
	err := l[m.ProtoReflect().Descriptor().FullName()].spend(data, &left, protowire.DefaultRecursionLimit)
	return limit - left, err
}

// spend takes off left what the message takes that data is decoded into.
func (l *layout) spend(data []byte, left *int, depth int) error {
	if depth == 0 {
		return errDepth
	}
	*left -= l.bytes
	for len(data) > 0 && *left >= 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		field, known := l.fields[number]
		m := protowire.ConsumeFieldValue(number, kind, data[n:])
		switch {
		case m < 0:
			return protowire.ParseError(m)
		case !known:
			*left -= 2*(n+m) + rounded // kept as it is
		case kind == protowire.BytesType && field.message != nil:
			*left -= field.bytes
			value, _ := protowire.ConsumeBytes(data[n:])
			if err := field.message.spend(value, left, depth-1); err != nil {
				return err
			}
		default:
			*left -= field.bytes + field.perByte*m
		}
		data = data[n+m:]
	}
	if *left < 0 {
		return errTooLarge
	}
	return nil
}

var (
	errTooLarge = errors.New("too large")
	errDepth    = errors.New("too many messages within messages")
)
