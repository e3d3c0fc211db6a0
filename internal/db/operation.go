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

// A Description is what a family knows of an operation. An empty field adds nothing.
type Description struct {
	// SpanName is the name of spans. The default is the summary, then the name of the
	// operation, then the system.
	SpanName string
	// Name is the db.operation.name, such as SELECT or GET.
	Name string
	// Collection is the db.collection.name, such as a table. Name and Collection are
	// attributes of the durations, too: they must have few distinct values.
	Collection string
	// Summary is the db.query.summary.
	Summary string
	// Text is the db.query.text, without literals.
	Text string
	// Attributes are added to spans.
	Attributes []attribute.KeyValue
}

// An Operation is what is done to a database, ready for spans and measurements. It
// does not change.
type Operation struct {
	// SpanName, Name and Summary are those of the description.
	SpanName, Name, Summary string
	// Start is what spans start with: samplers see every attribute.
	Start []trace.SpanStartOption

	attributes []attribute.KeyValue // those of Start
	series     *series
}

// series is what the measurements of some operations have in common.
type series struct {
	attributes []attribute.KeyValue
	success    []metric.RecordOption
}

// subject identifies a series of a database.
type subject struct{ operation, collection string }

// Operations makes the operations of one database.
type Operations struct {
	config *Config
	common []attribute.KeyValue
	system string
	series cache.Map[subject, *series]
}

// NewOperations returns the operations of the database t.
func NewOperations(c *Config, t Target) *Operations {
	return &Operations{config: c, common: c.Describe(t), system: c.System(t)}
}

// Common returns the attributes of every operation.
func (o *Operations) Common() []attribute.KeyValue { return o.common }

// System returns the db.system.name.
func (o *Operations) System() string { return o.system }

// New returns the operation that d describes. It is meant to be kept and used again.
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

// StartOptions returns what the span of an operation without a description starts with.
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

// Complete sets the attribute rows on span, unless it is the zero value, and, if the
// span started bare, the attributes of o: in one call, so that the span allocates once.
func (o *Operation) Complete(span trace.Span, bare bool, rows attribute.KeyValue) {
	if !bare && !rows.Valid() || !span.IsRecording() {
		return
	}
	attrs := buffers.Get().(*[]attribute.KeyValue) //nolint:forcetypeassert // there is nothing else in it
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

// buffers are for attributes, which spans copy.
var buffers = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}
