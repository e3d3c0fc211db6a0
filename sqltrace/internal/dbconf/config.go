package dbconf

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Config is what the options of package sqltrace set.
type Config struct {
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	Attributes     []attribute.KeyValue

	// Transactions asks for a span around each transaction.
	Transactions bool
	// QueryNames asks for spans named as sqlc names queries.
	QueryNames bool
	// WithoutQueryText leaves out the text of queries.
	WithoutQueryText bool
	// SlowQuery is how long a statement takes at least that is marked as slow, 0 to
	// mark none.
	SlowQuery time.Duration
	// Repeated is how often one trace may repeat a summary without its being told,
	// 0 to tell of none.
	Repeated int
	// SQLCommenter asks for the trace context in the text that the database gets.
	SQLCommenter bool
}

// New returns what opts make of the defaults.
func New[O ~func(*Config)](opts []O) *Config {
	c := new(Config)
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// Describe returns what tells the database that t is, with what the program
// itself says of it, which wins. The name of the pool is not part of it.
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

// System returns the db.system.name of the database that t is.
func (c *Config) System(t Target) string {
	if given := c.text(semconv.DBSystemNameKey); given != "" {
		return given
	}
	return t.attributes()[0].Value.AsString()
}

// PoolName returns the name of the pool of connections to t: the one that the
// program gives, or the address and the database.
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
