package header

import (
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// The format is version 00 of https://www.w3.org/TR/trace-context/#traceparent-header:
// 00-<trace ID>-<span ID>-<flags>. The constants whose names end with At are byte positions.
const (
	traceIDAt = 3
	spanIDAt  = 36
	flagsAt   = 53
	length    = 55

	knownFlags = trace.FlagsSampled | trace.FlagsRandom
)

// AppendTraceparent appends the traceparent of a span to b.
func AppendTraceparent(b []byte, sc trace.SpanContext) []byte {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, spanID[:])
	b = append(b, '-')
	return hex.AppendEncode(b, []byte{byte(sc.TraceFlags() & knownFlags)})
}

// Traceparent returns the traceparent of a span in a new slice.
func Traceparent(sc trace.SpanContext) []byte {
	return AppendTraceparent(make([]byte, 0, length), sc)
}

// IsTraceparent reports whether value is a valid traceparent.
func IsTraceparent(value []byte) bool {
	_, ok := ParseTraceparent(value)
	return ok
}

// ParseTraceparent returns the remote span context in value. It accepts the same values as
// OpenTelemetry's own propagator. If the version is later than 00, it reads only the fields
// that version 00 has.
func ParseTraceparent(value []byte) (sc trace.SpanContext, ok bool) {
	if len(value) < length || value[2] != '-' || value[spanIDAt-1] != '-' || value[flagsAt-1] != '-' {
		return sc, false
	}
	var version, flags [1]byte
	c := trace.SpanContextConfig{Remote: true}
	if !decode(version[:], value) || !decode(c.TraceID[:], value[traceIDAt:]) ||
		!decode(c.SpanID[:], value[spanIDAt:]) || !decode(flags[:], value[flagsAt:]) {
		return sc, false
	}
	rest := value[length:]
	switch {
	case version[0] == 0xff, len(rest) > 0 && rest[0] != '-':
		return sc, false
	case version[0] == 0 && (len(rest) > 1 || flags[0] > byte(knownFlags)): // a single dash at the end is allowed
		return sc, false
	}
	c.TraceFlags = trace.TraceFlags(flags[0]) & knownFlags
	sc = trace.NewSpanContext(c)
	return sc, sc.IsValid()
}

// decode decodes lower-case hexadecimal digits at the start of text into dst. It returns
// false if there are other characters.
func decode(dst, text []byte) bool {
	for i := range dst {
		high, low := digit(text[2*i]), digit(text[2*i+1])
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
