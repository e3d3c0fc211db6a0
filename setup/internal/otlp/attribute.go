package otlp

import (
	"math"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"
)

// appendAttributes appends attributes to b. Each attribute becomes one field, and the
// parameter field is the tag of this field. rules change the key and the value of each
// attribute.
func appendAttributes(b []byte, field byte, attributes []attribute.KeyValue, rules Rules) []byte {
	for i := range attributes {
		a := &attributes[i]
		b = appendAttribute(b, field, rules.Key(a.Key), rules.Value(a.Key, a.Value))
	}
	return b
}

// appendAttribute appends an attribute. Rules have already changed its key and its value.
func appendAttribute(b []byte, field byte, key string, value attribute.Value) []byte {
	b = append(b, field)
	b, at := open(b, 1)
	b = appendText(b, keyField, key)
	b = appendValue(b, valueField, value)
	return closed(b, at, 1)
}

// appendValue appends v to b as one field. The parameter field is the tag of this field.
func appendValue(b []byte, field byte, v attribute.Value) []byte {
	b = append(b, field)
	b, at := open(b, 1)
	switch v.Type() {
	case attribute.BOOL:
		b = appendBool(b, v.AsBool())
	case attribute.INT64:
		b = appendInt(b, v.AsInt64())
	case attribute.FLOAT64:
		b = appendDouble(b, v.AsFloat64())
	case attribute.STRING:
		b = appendString(b, v.AsString())
	case attribute.BYTESLICE:
		bytes := v.AsByteSlice()
		b = append(b, anyBytes)
		b = appendVarint(b, uint64(len(bytes)))
		b = append(b, bytes...)
	case attribute.BOOLSLICE:
		b = appendList(b, anyArray, v.AsBoolSlice(), within(appendBool))
	case attribute.INT64SLICE:
		b = appendList(b, anyArray, v.AsInt64Slice(), within(appendInt))
	case attribute.FLOAT64SLICE:
		b = appendList(b, anyArray, v.AsFloat64Slice(), within(appendDouble))
	case attribute.STRINGSLICE:
		b = appendList(b, anyArray, v.AsStringSlice(), within(appendString))
	case attribute.SLICE:
		b = appendList(b, anyArray, v.AsSlice(), func(b []byte, v attribute.Value) []byte { return appendValue(b, listValues, v) })
	case attribute.MAP:
		b = appendList(b, anyMap, v.AsMap(), appendPair)
	}
	return closed(b, at, 1)
}

// appendList appends values to b as one message in one field. The parameter field is the
// tag of this field. appendList calls add to append each value.
func appendList[V any](b []byte, field byte, values []V, add func([]byte, V) []byte) []byte {
	b = append(b, field)
	b, at := open(b, 1)
	for _, v := range values {
		b = add(b, v)
	}
	return closed(b, at, 1)
}

// within returns a function that appends one element of a list. Each element of a list is a
// message. The function calls add to append the content of this message.
func within[V any](add func([]byte, V) []byte) func([]byte, V) []byte {
	return func(b []byte, v V) []byte {
		b = append(b, listValues)
		b, at := open(b, 1)
		return closed(add(b, v), at, 1)
	}
}

// appendPair appends a as an element of a map. Rules have already changed the whole map.
func appendPair(b []byte, a attribute.KeyValue) []byte {
	return appendAttribute(b, listValues, string(a.Key), a.Value)
}

func appendString(b []byte, s string) []byte {
	b = append(b, anyString)
	b = appendVarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendBool(b []byte, v bool) []byte {
	return append(b, anyBool, byte(protowire.EncodeBool(v)))
}

func appendInt(b []byte, v int64) []byte {
	b = append(b, anyInt)
	return appendVarint(b, uint64(v))
}

func appendDouble(b []byte, v float64) []byte {
	b = append(b, anyDouble)
	return protowire.AppendFixed64(b, math.Float64bits(v))
}
