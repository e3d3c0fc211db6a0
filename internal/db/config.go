package db

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Config contains the options that are the same for all databases.
type Config struct {
	// TracerProvider provides the tracer, and MeterProvider provides the meter. If one of
	// these fields is nil, the global provider is used.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Attributes are added to every span and to the duration metric.
	Attributes []attribute.KeyValue

	// WithoutQueryText omits the text of queries from spans.
	WithoutQueryText bool
	// SlowQuery is the minimum duration of an operation that is marked as slow. If
	// SlowQuery is 0 or less, no operation is marked.
	SlowQuery time.Duration
	// Repeated is the maximum number of operations with the same summary in one trace. If a
	// trace exceeds this number, a span of the trace is marked. If Repeated is 0 or less, no
	// span is marked.
	Repeated int
}

// NewConfig makes a new C, applies opts to it, and returns it. Nil options are ignored.
func NewConfig[C any, O ~func(*C)](opts []O) *C {
	c := new(C)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// Describe returns the attributes of the database t. If t and c.Attributes have an
// attribute with the same key, the attribute in c.Attributes is used. The name of the pool
// is not included.
func (c *Config) Describe(t Target) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 4+len(c.Attributes))
	for _, attr := range t.attributes() {
		if !has(c.Attributes, attr.Key) {
			attrs = append(attrs, attr)
		}
	}
	for _, attr := range c.Attributes {
		if attr.Key != semconv.DBClientConnectionPoolNameKey {
			attrs = append(attrs, attr)
		}
	}
	return attrs
}

// System returns the db.system.name of the database t.
func (c *Config) System(t Target) string {
	if given := c.text(semconv.DBSystemNameKey); given != "" {
		return given
	}
	return t.System
}

// PoolName returns the name of the connection pool of t. If c.Attributes contains a name for
// the pool, PoolName returns this name. Otherwise, the name consists of the address and the
// database. If both are unknown, the name is the system.
func (c *Config) PoolName(t Target) string {
	if given := c.text(semconv.DBClientConnectionPoolNameKey); given != "" {
		return given
	}
	if given := c.text(semconv.ServerAddressKey); given != "" {
		t.Address = given
	}
	if given := c.text(semconv.DBNamespaceKey); given != "" {
		t.Namespace = given
	}
	if name := t.String(); name != "" {
		return name
	}
	return c.System(t)
}

func (c *Config) text(key attribute.Key) string {
	i := slices.IndexFunc(c.Attributes, func(attr attribute.KeyValue) bool { return attr.Key == key })
	if i < 0 {
		return ""
	}
	return c.Attributes[i].Value.AsString()
}

func has(attrs []attribute.KeyValue, key attribute.Key) bool {
	return slices.ContainsFunc(attrs, func(attr attribute.KeyValue) bool { return attr.Key == key })
}
