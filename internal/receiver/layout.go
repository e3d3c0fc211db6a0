package receiver

import (
	"errors"
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

type layouts map[protoreflect.FullName]*layout

// A layout describes a type of message. It is used to estimate how much memory a decoded
// message needs, without decoding the message.
type layout struct {
	bytes  int // memory of the message, without the content of its fields
	fields map[protowire.Number]fieldLayout
}

type fieldLayout struct {
	message *layout // nil if the field is not a message
	bytes   int     // memory for each value, without the content of the value
	perByte int     // memory for each encoded byte of the value
}

// Memory for one value, without the content of the value.
const (
	inSlice = 24 // a pointer or a slice header in a slice that grows
	inOneof = 24 // the struct that contains the value of a oneof
	rounded = 8  // added because the allocator rounds sizes up
)

// The method add adds the layout of a message. It also adds the layouts of the messages that it
// contains.
func (l layouts) add(d protoreflect.MessageDescriptor) *layout {
	if known := l[d.FullName()]; known != nil {
		return known
	}
	added := &layout{bytes: sizeOfType(d), fields: map[protowire.Number]fieldLayout{}}
	l[d.FullName()] = added // set before the fields are read, because a message may contain itself
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		var field fieldLayout
		switch f.Kind() {
		case protoreflect.MessageKind:
			field.message = l.add(f.Message())
		case protoreflect.StringKind, protoreflect.BytesKind:
			field.perByte, field.bytes = 1, rounded
		case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
			field.perByte = 2 // the numbers may be packed, in a slice that grows
		default:
			field.perByte = 16 // in packed numbers, one byte can become a number of eight bytes, in a slice that grows
		}
		if isNumber := field.message == nil && field.bytes == 0; isNumber && !f.IsList() {
			field.perByte = 0 // the number is stored in the message itself
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

func sizeOfType(d protoreflect.MessageDescriptor) int {
	const unknown = 512
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return unknown
	}
	size := int(reflect.TypeOf(t.Zero().Interface()).Elem().Size())
	return size + size/8 // added because the allocator rounds sizes up
}

// sizeOf estimates how much memory m will use after data is decoded into m. If the estimate is
// higher than limit, it stops and returns errTooLarge. The estimate is never much too low. For
// requests from real programs, it is at most twice the real value.
func (l layouts) sizeOf(m proto.Message, data []byte, limit int) (int, error) {
	left := limit
	err := l[m.ProtoReflect().Descriptor().FullName()].spend(data, &left, protowire.DefaultRecursionLimit)
	return limit - left, err
}

// The method spend estimates the memory that a message needs after decoding, and subtracts it
// from *left. data is the encoded message, and spend does not decode it. depth is the maximum
// number of levels of nested messages.
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
			*left -= 2*(n+m) + rounded // protobuf keeps an unknown field as encoded bytes
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
