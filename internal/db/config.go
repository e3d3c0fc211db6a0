package db

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Config is what the options of every family for databases set.
type Config struct {
	// TracerProvider and MeterProvider are the global ones if they are nil.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Attributes are added to every span and to the durations.
	Attributes []attribute.KeyValue

	// WithoutQueryText leaves out the text of queries.
	WithoutQueryText bool
	// SlowQuery is the least duration of an operation that is marked as slow, 0 to
	// mark none.
	SlowQuery time.Duration
	// Repeated is how often one trace may repeat a summary before a span is marked,
	// 0 to mark none.
	Repeated int
}

// NewConfig returns the result of applying opts to the defaults of a family.
func NewConfig[C any, O ~func(*C)](opts []O) *C {
	c := new(C)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// Describe returns the attributes of the database t. Those that the program itself
// sets win. The name of the pool is not one of them.
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

// PoolName returns the name of the pool of connections to t: the one that the program
// sets, or the address and the database.
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
