package otlp

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A ScopeKey identifies the instrumentation scope and the resource of a span. Encoders that
// share a [Common] usually return the same pointer for equal scopes. In a request, the
// spans with the same ScopeKey are together.
type ScopeKey struct {
	resource *resourceFields
	scope    []byte // ScopeSpans.scope
	schema   []byte // ScopeSpans.schema_url

	completes bool // what Rules.Completes says about the scope
}

type resourceFields struct {
	resource []byte // ResourceSpans.resource
	schema   []byte // ResourceSpans.schema_url
}

// source is the scope and the resource of a span before Rules change them.
type source struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

type scopeKeys struct {
	mu        sync.Mutex
	resources map[attribute.Distinct]*resourceFields
	cleaned   map[cleanSource]*ScopeKey
	met       map[source]*ScopeKey
}

// cleanSource is a source after Rules have changed it. Two different sources can have the same
// cleanSource.
type cleanSource struct {
	resource  *resourceFields
	scope     instrumentation.Scope
	completes bool
}

// mostScopes is the maximum number of cached scopes, and also the maximum number of cached
// resources. If a program has more scopes, a request can contain the same scope more than
// once.
const mostScopes = 1 << 10

func (o *scopeKeys) forget() {
	if o.resources == nil || len(o.resources) >= mostScopes {
		o.resources = map[attribute.Distinct]*resourceFields{}
	}
	o.cleaned = map[cleanSource]*ScopeKey{}
	o.met = map[source]*ScopeKey{}
}

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
	clean := cleanSource{c.resourceOf(s.resource), c.rules.Scope(s.scope), c.rules.Completes(s.scope)}
	scope := o.cleaned[clean]
	if scope == nil {
		scope = &ScopeKey{
			resource:  clean.resource,
			scope:     appendScope(nil, clean.scope, c.rules),
			schema:    appendText(nil, scopeSpansSchema, clean.scope.SchemaURL),
			completes: clean.completes,
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

// appendScope appends scope. Rules.Scope has already changed scope.
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

// recentScopes caches the last eight ScopeKeys that one encoder got from Common. Only this
// encoder uses the cache, so it needs no lock.
type recentScopes struct {
	sources [8]source
	scopes  [8]*ScopeKey
	next    int
}

// ScopeKey returns the key of the scope and the resource of span.
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
