package db

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Config has the options that all families for databases share.
type Config struct {
	// TracerProvider and MeterProvider provide the tracer and the meter. Nil means the
	// global provider.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Attributes are added to every span and to the durations.
	Attributes []attribute.KeyValue

	// WithoutQueryText omits the text of queries from spans.
	WithoutQueryText bool
	// SlowQuery is the minimum duration of an operation that is marked as slow. If it is 0,
	// none is marked.
	SlowQuery time.Duration
	// Repeated is how many times one trace may have operations with the same summary before
	// a span is marked. If it is 0, none is marked.
	Repeated int
}

// NewConfig returns a new C after it has applied opts to it. Nil options are ignored.
func NewConfig[C any, O ~func(*C)](opts []O) *C {
	c := new(C)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// Describe returns the attributes of the database t. An attribute that the program sets
// replaces the attribute of t with the same key. The name of the pool is not included.
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

// PoolName returns the name of the connection pool of t. The program can set this name. The
// default is the address and the database, or the system if neither is known.
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
