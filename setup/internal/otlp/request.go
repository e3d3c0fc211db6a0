package otlp

import (
	"encoding/binary"
	"slices"
)

// A Span is an encoded span.
type Span struct {
	Scope *ScopeKey
	Bytes []byte // encoded as an element of ScopeSpans.spans
}

// A Composer makes requests from encoded spans. Only one goroutine at a time may use it. The
// zero value is ready for use.
type Composer struct {
	groups []group
}

type group struct {
	scope *ScopeKey
	size  int    // total size of the spans in bytes
	rest  []byte // space in the request for the spans that are not yet copied
	done  bool   // the group is already in the request
}

// AppendRequest encodes an ExportTraceServiceRequest that contains spans, and appends it to
// b. The request contains a copy of the bytes of each span. AppendRequest sets the field
// Bytes of the span to this copy, so the original bytes are no longer needed.
func (c *Composer) AppendRequest(b []byte, spans []Span) []byte {
	c.group(spans)
	b = slices.Grow(b, c.mostBytes()) // append must not move b; groups contain slices of b
	for i := range c.groups {
		if !c.groups[i].done {
			b = c.appendResourceSpans(b, c.groups[i:])
		}
	}
	last := 0
	for i := range spans {
		last = c.find(spans[i].Scope, last)
		g := &c.groups[last]
		n := copy(g.rest, spans[i].Bytes)
		spans[i].Bytes, g.rest = g.rest[:n:n], g.rest[n:]
	}
	clear(c.groups)
	return b
}

func (c *Composer) group(spans []Span) {
	c.groups = c.groups[:0]
	last := 0
	for i := range spans {
		last = c.find(spans[i].Scope, last)
		c.groups[last].size += len(spans[i].Bytes)
	}
}

// mostBytes returns a number of bytes that is at least the size of the request.
func (c *Composer) mostBytes() int {
	most := 0
	for i := range c.groups {
		g := &c.groups[i]
		most += len(g.scope.resource.resource) + len(g.scope.resource.schema) + g.message() + 2*(1+binary.MaxVarintLen64)
	}
	return most
}

// find returns the index of the group for scope. If there is no such group, find adds one.
// guess is the index that find checks first.
func (c *Composer) find(scope *ScopeKey, guess int) int {
	if guess < len(c.groups) && c.groups[guess].scope == scope {
		return guess
	}
	for i := range c.groups {
		if c.groups[i].scope == scope {
			return i
		}
	}
	c.groups = append(c.groups, group{scope: scope})
	return len(c.groups) - 1
}

// appendResourceSpans appends all groups that have the same resource as the first group.
func (c *Composer) appendResourceSpans(b []byte, groups []group) []byte {
	r := groups[0].scope.resource
	size := len(r.resource) + len(r.schema)
	for i := range groups {
		if groups[i].scope.resource == r {
			size += sizeField(groups[i].message())
		}
	}
	b = append(b, requestResourceSpans)
	b = appendVarint(b, uint64(size))
	b = append(b, r.resource...)
	b = append(b, r.schema...)
	for i := range groups {
		if groups[i].scope.resource == r {
			b = groups[i].append(b)
		}
	}
	return b
}

// message returns the size of the message ScopeSpans in bytes.
func (g *group) message() int { return len(g.scope.scope) + len(g.scope.schema) + g.size }

// append appends ScopeSpans with empty space for the spans.
func (g *group) append(b []byte) []byte {
	b = append(b, resourceSpansScope)
	b = appendVarint(b, uint64(g.message()))
	b = append(b, g.scope.scope...)
	b = append(b, g.scope.schema...)
	at := len(b)
	b = b[:at+g.size]
	g.rest, g.done = b[at:], true
	return b
}
