package dbcall

import (
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/sqltrace/internal/dbconf"
	"github.com/nais/spor/sqltrace/internal/sqltext"
)

// A Statement is a query, ready for spans and measurements. It does not change.
type Statement struct {
	// Name is that of spans.
	Name string
	// Start is what spans start with: samplers see every attribute.
	Start []trace.SpanStartOption
	// attributes are those of Start.
	attributes []attribute.KeyValue
	// Summary is the operation and its tables, "" when it is not known.
	Summary string
	// Operation is the first of them.
	Operation string
	// Transaction is the operation of a statement that begins or ends a transaction
	// or a part of one, and does nothing else; "" for all others.
	Transaction string
	// Commentable is set when a comment may be added to the text, at [EndOfStatement].
	Commentable bool

	series *series
}

// series is what the measurements of some statements have in common.
type series struct {
	attributes []attribute.KeyValue
	success    []metric.RecordOption
}

// subject tells a series of a database.
type subject struct{ operation, collection string }

// Statements makes the statements of one database, and remembers them.
type Statements struct {
	*sqltext.Cache[*Statement]
	config *dbconf.Config
	common []attribute.KeyValue
	other  string // the name of what has none
	series cache.Map[subject, *series]
}

// NewStatements returns the statements of the database that t is.
func NewStatements(c *dbconf.Config, t dbconf.Target) *Statements {
	s := &Statements{config: c, common: c.Describe(t), other: c.System(t)}
	s.Cache = sqltext.NewCache(sqltext.DialectOf(s.other), s.build)
	return s
}

// Common returns the attributes of every statement.
func (s *Statements) Common() []attribute.KeyValue { return s.common }

var (
	client     = trace.WithSpanKind(trace.SpanKindClient)
	clientOnly = []trace.SpanStartOption{client}
)

// Complete tells span the number of rows, unless that is the zero value, and, if it
// started bare, what s says of it: all at once, so that the span makes room once.
func (s *Statement) Complete(span trace.Span, bare bool, rows attribute.KeyValue) {
	if !bare && !rows.Valid() || !span.IsRecording() {
		return
	}
	attrs := buffers.Get().(*[]attribute.KeyValue) //nolint:forcetypeassert // there is nothing else in it
	*attrs = (*attrs)[:0]
	if bare {
		*attrs = append(*attrs, s.attributes...)
	}
	if rows.Valid() {
		*attrs = append(*attrs, rows)
	}
	span.SetAttributes(*attrs...)
	buffers.Put(attrs)
}

// buffers are for attributes, which spans copy.
var buffers = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}

func (s *Statements) build(q sqltext.Query) *Statement {
	measured := s.series.Get(subject{q.Operation, q.Collection}, s.newSeries)
	attrs := slices.Clip(measured.attributes)
	if q.Summary != "" {
		attrs = append(attrs, semconv.DBQuerySummary(q.Summary))
	}
	if q.Text != "" && !s.config.WithoutQueryText {
		attrs = append(attrs, semconv.DBQueryText(q.Text))
	}
	return &Statement{
		Name:        s.nameOf(q),
		Start:       []trace.SpanStartOption{client, trace.WithAttributes(attrs...)},
		attributes:  attrs,
		Summary:     q.Summary,
		Operation:   q.Operation,
		Transaction: transaction(q),
		Commentable: commentable(q),
		series:      measured,
	}
}

func transaction(q sqltext.Query) string {
	if q.Summary == q.Operation {
		switch q.Operation {
		case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
			return q.Operation
		}
	}
	return ""
}

func (s *Statements) newSeries(about subject) *series {
	attrs := slices.Clone(s.common)
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

func (s *Statements) nameOf(q sqltext.Query) string {
	if s.config.QueryNames && q.Name != "" {
		return q.Name
	}
	if q.Summary != "" {
		return q.Summary
	}
	return s.other
}
