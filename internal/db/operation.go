package db

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/otelutil"
)

// A Description describes an operation. An empty field adds no attribute.
type Description struct {
	// SpanName is the name of the span. If SpanName is empty, the span gets the first of
	// these names that is not empty: Summary, Name, the system.
	SpanName string
	// Name is the db.operation.name, such as SELECT or GET.
	Name string
	// Collection is the db.collection.name, such as the name of a table.
	Collection string
	// Procedure is the db.stored_procedure.name. Name, Collection and Procedure are also
	// attributes of the duration metric. Therefore they must have few distinct values.
	Procedure string
	// Summary is the db.query.summary.
	Summary string
	// Text is the db.query.text. It must not contain literals.
	Text string
	// Attributes are added to the span.
	Attributes []attribute.KeyValue
}

// An Operation is a prepared operation on a database. It is used to start spans and to
// record durations. It is immutable.
type Operation struct {
	// These fields are copied from the description. If the description has no SpanName, the
	// default that [Description] documents is used.
	SpanName, Name, Collection, Summary, Text string
	// Start contains the options for starting spans. They include every attribute, so that
	// a sampler gets all attributes.
	Start []trace.SpanStartOption

	attributes []attribute.KeyValue // the same attributes as in Start
	series     *series
}

// A series contains the metric attributes of all operations with the same subject.
type series struct {
	attributes []attribute.KeyValue
	success    []metric.RecordOption
}

// A subject is the key of a series within one database.
type subject struct{ operation, collection, procedure string }

// Operations creates the operations of one database.
type Operations struct {
	config *Config
	common []attribute.KeyValue
	system string
	series cache.Map[subject, *series]

	collections collections
}

// NewOperations returns the Operations of the database t.
func NewOperations(c *Config, t Target) *Operations {
	return &Operations{config: c, common: c.Describe(t), system: c.System(t)}
}

// Common returns the attributes that are the same for all operations.
func (o *Operations) Common() []attribute.KeyValue { return o.common }

// System returns the value of db.system.name.
func (o *Operations) System() string { return o.system }

// New returns the operation that d describes. Callers should keep the operation and use it
// again, because New allocates.
func (o *Operations) New(d Description) *Operation {
	measured := o.series.Get(subject{d.Name, o.collections.measured(d.Collection), o.collections.measured(d.Procedure)}, o.newSeries)
	attrs := append(o.describe(subject{d.Name, d.Collection, d.Procedure}), d.Attributes...)
	if d.Summary != "" {
		attrs = append(attrs, semconv.DBQuerySummary(d.Summary))
	}
	if d.Text != "" && !o.config.WithoutQueryText {
		attrs = append(attrs, semconv.DBQueryText(d.Text))
	}
	return &Operation{
		SpanName:   cmp.Or(d.SpanName, d.Summary, d.Name, o.system),
		Name:       d.Name,
		Collection: d.Collection,
		Summary:    d.Summary,
		Text:       d.Text,
		Start:      []trace.SpanStartOption{client, trace.WithAttributes(attrs...)},
		attributes: attrs,
		series:     measured,
	}
}

// describe returns the attributes of all operations with the subject about.
func (o *Operations) describe(about subject) []attribute.KeyValue {
	attrs := slices.Clone(o.common)
	if about.operation != "" {
		attrs = append(attrs, semconv.DBOperationName(about.operation))
	}
	if about.collection != "" {
		attrs = append(attrs, semconv.DBCollectionName(about.collection))
	}
	if about.procedure != "" {
		attrs = append(attrs, semconv.DBStoredProcedureName(about.procedure))
	}
	return attrs
}

func (o *Operations) newSeries(about subject) *series {
	attrs := o.describe(about)
	return &series{
		attributes: attrs,
		success:    []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(slices.Clone(attrs)...))},
	}
}

// StartOptions returns the options for starting the span of an operation that has no
// Description. name is the name of the operation, or "" if it has no name.
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

// Complete sets rows as an attribute of span, unless rows is the zero value. If bare is
// true, the span was started without attributes, and Complete also sets the attributes of o.
// In that case, attributes that the program has set stay. All attributes are set in one call, so
// that the span allocates memory only once.
func (o *Operation) Complete(span trace.Span, bare bool, rows attribute.KeyValue) {
	if !bare && !rows.Valid() || !span.IsRecording() {
		return
	}
	attrs := otelutil.NewAttributeList()
	defer attrs.Release()
	if rows.Valid() {
		attrs.Add(rows)
	}
	if !bare {
		attrs.SetOn(span)
		return
	}
	attrs.Add(o.attributes...)
	attrs.SetMissingOn(span)
}
