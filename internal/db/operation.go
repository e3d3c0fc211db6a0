package db

import (
	"cmp"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
)

// A Description describes an operation. An empty field adds no attribute.
type Description struct {
	// SpanName is the name of spans. If it is empty, spans are named after the first of
	// Summary, Name and the system that is not empty.
	SpanName string
	// Name is the db.operation.name, such as SELECT or GET.
	Name string
	// Collection is the db.collection.name, such as a table. Name and Collection are also
	// attributes of the durations, so they must have few distinct values.
	Collection string
	// Summary is the db.query.summary.
	Summary string
	// Text is the db.query.text. It must not have literals.
	Text string
	// Attributes are added to spans.
	Attributes []attribute.KeyValue
}

// An Operation is an operation on a database, prepared for spans and durations. It is
// immutable.
type Operation struct {
	// SpanName, Name and Summary are those of the description. SpanName has its default.
	SpanName, Name, Summary string
	// Start has the options for starting spans. They include every attribute, so that
	// samplers see all attributes.
	Start []trace.SpanStartOption

	attributes []attribute.KeyValue // also in Start
	series     *series
}

// series has the attributes of the durations of all operations with the same name and
// collection.
type series struct {
	attributes []attribute.KeyValue
	success    []metric.RecordOption
}

// subject is the key of a series of one database.
type subject struct{ operation, collection string }

// Operations creates the operations of one database.
type Operations struct {
	config *Config
	common []attribute.KeyValue
	system string
	series cache.Map[subject, *series]
}

// NewOperations returns the Operations of the database t.
func NewOperations(c *Config, t Target) *Operations {
	return &Operations{config: c, common: c.Describe(t), system: c.System(t)}
}

// Common returns the attributes that all operations have.
func (o *Operations) Common() []attribute.KeyValue { return o.common }

// System returns the value of db.system.name.
func (o *Operations) System() string { return o.system }

// New returns the operation that d describes. Callers should keep the operation and use it
// again, because New allocates.
func (o *Operations) New(d Description) *Operation {
	measured := o.series.Get(subject{d.Name, d.Collection}, o.newSeries)
	attrs := append(slices.Clip(measured.attributes), d.Attributes...)
	if d.Summary != "" {
		attrs = append(attrs, semconv.DBQuerySummary(d.Summary))
	}
	if d.Text != "" && !o.config.WithoutQueryText {
		attrs = append(attrs, semconv.DBQueryText(d.Text))
	}
	return &Operation{
		SpanName:   cmp.Or(d.SpanName, d.Summary, d.Name, o.system),
		Name:       d.Name,
		Summary:    d.Summary,
		Start:      []trace.SpanStartOption{client, trace.WithAttributes(attrs...)},
		attributes: attrs,
		series:     measured,
	}
}

func (o *Operations) newSeries(about subject) *series {
	attrs := slices.Clone(o.common)
	if about.operation != "" {
		attrs = append(attrs, semconv.DBOperationName(about.operation))
	}
	if about.collection != "" {
		attrs = append(attrs, semconv.DBCollectionName(about.collection))
	}
	return &series{
		attributes: attrs,
		success:    []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(slices.Clone(attrs)...))},
	}
}

// StartOptions returns the options for starting the span of an operation without a
// description. name is the name of the operation, or "".
func (o *Operations) StartOptions(kind trace.SpanKind, name string) []trace.SpanStartOption {
	attrs := slices.Clone(o.common)
	if name != "" {
		attrs = append(attrs, semconv.DBOperationName(name), semconv.DBQuerySummary(name))
	}
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(attrs...)}
}

var (
	client     = trace.WithSpanKind(trace.SpanKindClient)
	clientOnly = []trace.SpanStartOption{client}
)

// Complete sets the attribute rows on span, unless rows is the zero value. If bare is set,
// the span was started without attributes, and Complete sets the attributes of o too. All
// attributes are set in one call, so that the span allocates only once.
func (o *Operation) Complete(span trace.Span, bare bool, rows attribute.KeyValue) {
	if !bare && !rows.Valid() || !span.IsRecording() {
		return
	}
	attrs := buffers.Get().(*[]attribute.KeyValue) //nolint:forcetypeassert // the pool has no other type
	*attrs = (*attrs)[:0]
	if bare {
		*attrs = append(*attrs, o.attributes...)
	}
	if rows.Valid() {
		*attrs = append(*attrs, rows)
	}
	span.SetAttributes(*attrs...)
	buffers.Put(attrs)
}

// buffers has slices of attributes for reuse. This is safe, because spans copy their
// attributes.
var buffers = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}
