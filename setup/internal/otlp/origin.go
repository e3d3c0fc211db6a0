package otlp

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// An Origin is what made a span: a scope within a resource. In a request, spans
// of one origin are written together.
type Origin struct {
	resource *resourceFields
	scope    []byte // ScopeSpans.scope
	schema   []byte // ScopeSpans.schema_url
}

// resourceFields is what a request says of the resource of spans.
type resourceFields struct {
	resource []byte // ResourceSpans.resource
	schema   []byte // ResourceSpans.schema_url
}

// source is the origin of a span in the SDK's words.
type source struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

// origins are those that were met. They are safe for concurrent use.
type origins struct {
	mu        sync.Mutex
	resources map[attribute.Distinct]*resourceFields
	cleaned   map[cleanSource]*Origin
	met       map[source]*Origin
}

// cleanSource is a source as it is written: two scopes may be one then.
type cleanSource struct {
	resource *resourceFields
	scope    instrumentation.Scope
}

// mostOrigins bounds what is remembered: a program that makes up scopes gets
// some of them written more than once in a request.
const mostOrigins = 1 << 10

func (o *origins) forget() {
	if o.resources == nil || len(o.resources) >= mostOrigins {
		o.resources = map[attribute.Distinct]*resourceFields{}
	}
	o.cleaned = map[cleanSource]*Origin{}
	o.met = map[source]*Origin{}
}

// originOf returns the origin of s.
func (c *Common) originOf(s source) *Origin {
	o := &c.origins
	o.mu.Lock()
	defer o.mu.Unlock()
	if origin := o.met[s]; origin != nil {
		return origin
	}
	if len(o.met) >= mostOrigins {
		o.forget()
	}
	clean := cleanSource{c.resourceOf(s.resource), c.rules.Scope(s.scope)}
	origin := o.cleaned[clean]
	if origin == nil {
		origin = &Origin{
			resource: clean.resource,
			scope:    c.NewEncoder().appendScope(nil, clean.scope),
			schema:   appendText(nil, scopeSpansSchema, clean.scope.SchemaURL),
		}
		o.cleaned[clean] = origin
	}
	o.met[s] = origin
	return origin
}

func (c *Common) resourceOf(r *resource.Resource) *resourceFields {
	fields := c.origins.resources[r.Equivalent()]
	if fields == nil {
		fields = &resourceFields{
			resource: c.NewEncoder().appendResource(nil, r),
			schema:   appendText(nil, resourceSpansSchema, c.rules.Text(r.SchemaURL())),
		}
		c.origins.resources[r.Equivalent()] = fields
	}
	return fields
}

func (e *Encoder) appendResource(b []byte, r *resource.Resource) []byte {
	if r == nil {
		return b
	}
	b = append(b, resourceSpansResource)
	b, at := open(b, 2)
	b = e.appendAttributes(b, resourceAttributes, r.Attributes())
	return closed(b, at, 2)
}

// appendScope appends scope, which has been cleaned.
func (e *Encoder) appendScope(b []byte, scope instrumentation.Scope) []byte {
	if scope == (instrumentation.Scope{}) {
		return b
	}
	b = append(b, scopeSpansScope)
	b, at := open(b, 1)
	b = appendText(b, scopeName, scope.Name)
	b = appendText(b, scopeVersion, scope.Version)
	b = e.appendAttributes(b, scopeAttributes, scope.Attributes.ToSlice())
	return closed(b, at, 1)
}

// recentOrigins is a short memory, for one goroutine at a time.
type recentOrigins struct {
	sources [8]source
	origins [8]*Origin
	next    int
}

// Origin returns what made span.
func (e *Encoder) Origin(span sdktrace.ReadOnlySpan) *Origin {
	s := source{span.Resource(), span.InstrumentationScope()}
	r := &e.recent
	for i, origin := range r.origins {
		if origin != nil && r.sources[i] == s {
			return origin
		}
	}
	origin := e.originOf(s)
	r.sources[r.next], r.origins[r.next] = s, origin
	r.next = (r.next + 1) % len(r.origins)
	return origin
}
