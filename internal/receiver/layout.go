package receiver

import (
	"errors"
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// layouts has the layouts of OTLP messages, by full name.
type layouts map[protoreflect.FullName]*layout

// A layout describes a type of message. With it, the memory of a decoded message is
// estimated without decoding the message.
type layout struct {
	bytes  int // memory of the message itself
	fields map[protowire.Number]fieldLayout
}

type fieldLayout struct {
	message *layout // nil unless the field is a message
	bytes   int     // memory for each value, without its content
	perByte int     // memory for each encoded byte of the value
}

// Memory for a value, without its content.
const (
	inSlice = 24 // a pointer or a slice header, in a slice that grows
	inOneof = 24 // the struct around the value
	rounded = 8  // the allocator rounds up
)

// add adds the layout of a message, and the layouts of the messages in it.
func (l layouts) add(d protoreflect.MessageDescriptor) *layout {
	if known := l[d.FullName()]; known != nil {
		return known
	}
	added := &layout{bytes: sizeOfType(d), fields: map[protowire.Number]fieldLayout{}}
	l[d.FullName()] = added // before its fields, because a message may contain itself
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
			field.perByte = 16 // packed: one byte can become a number of eight, in a slice that grows
		}
		if isNumber := field.message == nil && field.bytes == 0; isNumber && !f.IsList() {
			field.perByte = 0 // the number is in the message itself
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

// sizeOfType returns how many bytes are allocated for a message of this type.
func sizeOfType(d protoreflect.MessageDescriptor) int {
	const unknown = 512
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return unknown
	}
	size := int(reflect.TypeOf(t.Zero().Interface()).Elem().Size())
	return size + size/8 // the allocator rounds up
}

// sizeOf estimates the memory of m after data is decoded into it. It stops with errTooLarge
// if the estimate exceeds limit. The estimate is never much too low. For requests from real
// programs, it is at most twice the real value.
func (l layouts) sizeOf(m proto.Message, data []byte, limit int) (int, error) {
	left := limit
	err := l[m.ProtoReflect().Descriptor().FullName()].spend(data, &left, protowire.DefaultRecursionLimit)
	return limit - left, err
}

// spend decodes nothing, but subtracts from left the memory that the message encoded in
// data needs after decoding. depth is how many levels of nested messages are allowed.
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
			*left -= 2*(n+m) + rounded // an unknown field is kept as encoded bytes
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
	errDepth    = errors.New("messages are nested too deeply")
)
