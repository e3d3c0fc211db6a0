package otlp

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A ScopeKey is what made a span: a scope within a resource. In a request, spans
// of one scope are written together.
type ScopeKey struct {
	resource *resourceFields
	scope    []byte // ScopeSpans.scope
	schema   []byte // ScopeSpans.schema_url
}

// resourceFields is what a request says of the resource of spans.
type resourceFields struct {
	resource []byte // ResourceSpans.resource
	schema   []byte // ResourceSpans.schema_url
}

// source is the scope of a span as the SDK has it.
type source struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

// scopeKeys are those that spans had. They are safe for concurrent use.
type scopeKeys struct {
	mu        sync.Mutex
	resources map[attribute.Distinct]*resourceFields
	cleaned   map[cleanSource]*ScopeKey
	met       map[source]*ScopeKey
}

// cleanSource is a source as it is written: two scopes may be one then.
type cleanSource struct {
	resource *resourceFields
	scope    instrumentation.Scope
}

// mostScopes bounds how many are kept: a program that makes up scopes gets some of them
// written more than once in a request.
const mostScopes = 1 << 10

func (o *scopeKeys) forget() {
	if o.resources == nil || len(o.resources) >= mostScopes {
		o.resources = map[attribute.Distinct]*resourceFields{}
	}
	o.cleaned = map[cleanSource]*ScopeKey{}
	o.met = map[source]*ScopeKey{}
}

// scopeKeyOf returns the scope of s.
func (c *Common) scopeKeyOf(s source) *ScopeKey {
	o := &c.scopes
	o.mu.Lock()
	defer o.mu.Unlock()
	if scope := o.met[s]; scope != nil {
		return scope
	}
	if len(o.met) >= mostScopes {
		o.forget()
	}
	clean := cleanSource{c.resourceOf(s.resource), c.rules.Scope(s.scope)}
	scope := o.cleaned[clean]
	if scope == nil {
		scope = &ScopeKey{
			resource: clean.resource,
			scope:    appendScope(nil, clean.scope, c.rules),
			schema:   appendText(nil, scopeSpansSchema, clean.scope.SchemaURL),
		}
		o.cleaned[clean] = scope
	}
	o.met[s] = scope
	return scope
}

func (c *Common) resourceOf(r *resource.Resource) *resourceFields {
	fields := c.scopes.resources[r.Equivalent()]
	if fields == nil {
		fields = &resourceFields{
			resource: appendResource(nil, r, c.rules),
			schema:   appendText(nil, resourceSpansSchema, c.rules.Text(r.SchemaURL())),
		}
		c.scopes.resources[r.Equivalent()] = fields
	}
	return fields
}

func appendResource(b []byte, r *resource.Resource, rules Rules) []byte {
	if r == nil {
		return b
	}
	b = append(b, resourceSpansResource)
	b, at := open(b, 2)
	b = appendAttributes(b, resourceAttributes, r.Attributes(), rules)
	return closed(b, at, 2)
}

// appendScope appends scope, which has been cleaned.
func appendScope(b []byte, scope instrumentation.Scope, rules Rules) []byte {
	if scope == (instrumentation.Scope{}) {
		return b
	}
	b = append(b, scopeSpansScope)
	b, at := open(b, 1)
	b = appendText(b, scopeName, scope.Name)
	b = appendText(b, scopeVersion, scope.Version)
	b = appendAttributes(b, scopeAttributes, scope.Attributes.ToSlice(), rules)
	return closed(b, at, 1)
}

// recentScopes are the last ones, for one goroutine at a time.
type recentScopes struct {
	sources [8]source
	scopes  [8]*ScopeKey
	next    int
}

// ScopeKey returns the scope of span.
func (e *Encoder) ScopeKey(span sdktrace.ReadOnlySpan) *ScopeKey {
	s := source{span.Resource(), span.InstrumentationScope()}
	r := &e.recent
	for i, scope := range r.scopes {
		if scope != nil && r.sources[i] == s {
			return scope
		}
	}
	scope := e.scopeKeyOf(s)
	r.sources[r.next], r.scopes[r.next] = s, scope
	r.next = (r.next + 1) % len(r.scopes)
	return scope
}
