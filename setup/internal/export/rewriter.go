package export

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/stock"
)

// A Rewriter rewrites the spans of a batch before the batch is exported. It does four
// things:
//   - It completes the spans of libraries that are not spor's.
//   - It adds attributes with older names.
//   - It adds the name of the peer if the address of the peer is not enough to identify it.
//   - It cleans all texts, and cuts the values of the spans' attributes.
//
// A Rewriter makes new spans. It changes neither the batch nor the spans in the batch.
type Rewriter struct {
	dialect *dialect.Dialect
	stock   stock.Completer
	peers   peers
	clean   clean.Cleaner // it does not cut
	limited clean.Cleaner // it cuts the values of the spans' attributes
}

// NewRewriter returns a rewriter that uses the peer names in p. It cuts the values of the spans'
// attributes at limit. Like the SDK, it does not cut the values of the attributes of events and
// links.
func NewRewriter(d *dialect.Dialect, p environ.Peers, c clean.Cleaner, limit int) *Rewriter {
	return &Rewriter{dialect: d, peers: peers{Peers: p}, clean: c, limited: c.WithLimit(limit)}
}

// rewrite returns the rewritten spans. It allocates memory for the whole batch and not for
// each span. The exception is a span whose texts must be cleaned.
func (w *Rewriter) rewrite(spans []sdktrace.ReadOnlySpan) []sdktrace.ReadOnlySpan {
	room, own := 0, spans
	spans = make([]sdktrace.ReadOnlySpan, len(own))
	for i, span := range own {
		spans[i] = span
		if w.Completes(span.InstrumentationScope()) {
			spans[i] = w.Complete(span)
		}
		attrs := spans[i].Attributes()
		room += len(attrs) + w.dialect.Twins(attrs) + 1
	}
	attrs := make([]attribute.KeyValue, 0, room)
	store := make([]rewritten, len(spans))
	out := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		begin := len(attrs)
		attrs = w.AppendAdded(w.dialect.Append(attrs, span.Attributes()), span)
		store[i] = rewritten{ReadOnlySpan: span, attributes: slices.Clip(attrs[begin:])}
		out[i] = &store[i]
		if !w.isCleanSpan(span) {
			store[i].attributes = w.limited.Attributes(store[i].attributes)
			out[i] = cleanSpan{&store[i], w}
		}
	}
	return out
}

// Completes reports whether spans of this scope may lack what the platform reads, because they
// belong to a library that is not spor's.
func (w *Rewriter) Completes(scope instrumentation.Scope) bool { return stock.HasRules(scope.Name) }

// Complete returns a completed span, or span itself if it lacks nothing.
func (w *Rewriter) Complete(span sdktrace.ReadOnlySpan) sdktrace.ReadOnlySpan {
	name, added := w.stock.Complete(span.InstrumentationScope().Name, span)
	if len(added) == 0 && name == span.Name() {
		return span
	}
	own := span.Attributes()
	attrs := make([]attribute.KeyValue, 0, len(own)+len(added))
	for _, a := range own {
		if !slices.ContainsFunc(added, func(b attribute.KeyValue) bool { return b.Key == a.Key }) {
			attrs = append(attrs, a)
		}
	}
	return &completed{ReadOnlySpan: span, name: name, attributes: append(attrs, added...)}
}

type completed struct {
	sdktrace.ReadOnlySpan
	name       string
	attributes []attribute.KeyValue
}

func (s *completed) Name() string { return s.name }

func (s *completed) Attributes() []attribute.KeyValue { return s.attributes }

// AppendAdded appends the attributes that must be added to span, except twins. A twin is an
// attribute with the older name of one of the span's own attributes.
func (w *Rewriter) AppendAdded(dst []attribute.KeyValue, span sdktrace.ReadOnlySpan) []attribute.KeyValue {
	if name := w.peers.of(span); name != "" {
		dst = append(dst, peerServiceKey.String(name))
	}
	return dst
}

type rewritten struct {
	sdktrace.ReadOnlySpan
	attributes []attribute.KeyValue
}

func (s *rewritten) Attributes() []attribute.KeyValue { return s.attributes }

// cleanSpan is a span whose texts are cleaned when they are read. Its attributes are
// already clean.
type cleanSpan struct {
	*rewritten
	rewriter *Rewriter
}

func (s cleanSpan) Name() string { return s.rewriter.clean.Text(s.rewritten.Name()) }

func (s cleanSpan) SpanContext() trace.SpanContext {
	return s.rewriter.cleanContext(s.rewritten.SpanContext())
}

func (s cleanSpan) Parent() trace.SpanContext { return s.rewriter.cleanContext(s.rewritten.Parent()) }

func (s cleanSpan) Status() sdktrace.Status {
	status := s.rewritten.Status()
	status.Description = s.rewriter.clean.Text(status.Description)
	return status
}

func (s cleanSpan) Events() []sdktrace.Event {
	events := slices.Clone(s.rewritten.Events())
	for i := range events {
		events[i].Name = s.rewriter.clean.Text(events[i].Name)
		events[i].Attributes = s.rewriter.clean.Attributes(events[i].Attributes)
	}
	return events
}

func (s cleanSpan) Links() []sdktrace.Link {
	links := slices.Clone(s.rewritten.Links())
	for i := range links {
		links[i].SpanContext = s.rewriter.cleanContext(links[i].SpanContext)
		links[i].Attributes = s.rewriter.clean.Attributes(links[i].Attributes)
	}
	return links
}

func (s cleanSpan) InstrumentationScope() instrumentation.Scope {
	return s.rewriter.Scope(s.rewritten.InstrumentationScope())
}

func (w *Rewriter) isCleanSpan(span sdktrace.ReadOnlySpan) bool {
	if !w.clean.IsClean(span.Name()) || !w.clean.IsClean(span.Status().Description) || !w.limited.AreClean(span.Attributes()) ||
		!isCleanScope(w.clean, span.InstrumentationScope()) || !w.isCleanContext(span.SpanContext()) || !w.isCleanContext(span.Parent()) {
		return false
	}
	for _, event := range span.Events() {
		if !w.clean.IsClean(event.Name) || !w.clean.AreClean(event.Attributes) {
			return false
		}
	}
	for _, link := range span.Links() {
		if !w.clean.AreClean(link.Attributes) || !w.isCleanContext(link.SpanContext) {
			return false
		}
	}
	return true
}

func isCleanScope(c clean.Cleaner, scope instrumentation.Scope) bool {
	return c.IsClean(scope.Name) && c.IsClean(scope.Version) && c.IsClean(scope.SchemaURL) &&
		(scope.Attributes.Len() == 0 || c.AreClean(scope.Attributes.ToSlice()))
}

func (w *Rewriter) isCleanContext(sc trace.SpanContext) bool {
	state := sc.TraceState()
	return state.Len() == 0 || w.clean.IsClean(state.String())
}

// cleanContext cleans the trace state in sc. Callers of the service can choose the trace
// state. If the trace state is no longer valid after it was cleaned, it is removed.
func (w *Rewriter) cleanContext(sc trace.SpanContext) trace.SpanContext {
	if w.isCleanContext(sc) {
		return sc
	}
	return sc.WithTraceState(w.TraceState(sc.TraceState()))
}

// The encoder of package otlp calls the following methods.

// Attribute returns two attributes to export. The result own is the argument, possibly with
// another value. The result added is the twin of the argument, which has the older name. The
// values are clean and cut.
func (w *Rewriter) Attribute(a attribute.KeyValue) (own, added attribute.KeyValue) {
	own, added = w.dialect.Twin(a)
	own.Value = value(w.limited, own)
	if added.Key != "" {
		added.Value = value(w.limited, added)
	}
	return own, added
}

// IsAdded reports whether key may be the key of a twin.
func (w *Rewriter) IsAdded(key attribute.Key) bool { return w.dialect.IsLegacy(key) }

// Text returns text without personal numbers and credentials.
func (w *Rewriter) Text(text string) string { return w.clean.Text(text) }

// Key returns key without personal numbers and credentials.
func (w *Rewriter) Key(key attribute.Key) string { return string(w.clean.Key(key)) }

// Value returns value without personal numbers and credentials. key is the key of the
// attribute with this value.
func (w *Rewriter) Value(key attribute.Key, v attribute.Value) attribute.Value {
	return value(w.clean, attribute.KeyValue{Key: key, Value: v})
}

// The function value returns the clean value of a. For a list or a map that is clean already, it
// allocates less than the method of c.
func value(c clean.Cleaner, a attribute.KeyValue) attribute.Value {
	if a.Value.Type() != attribute.STRING && c.IsCleanValue(a.Key, a.Value) {
		return a.Value
	}
	return c.Value(a.Key, a.Value)
}

// Scope returns scope with clean texts.
func (w *Rewriter) Scope(scope instrumentation.Scope) instrumentation.Scope {
	return cleanScope(w.clean, scope)
}

func cleanScope(c clean.Cleaner, scope instrumentation.Scope) instrumentation.Scope {
	if isCleanScope(c, scope) {
		return scope
	}
	scope.Name, scope.Version, scope.SchemaURL = c.Text(scope.Name), c.Text(scope.Version), c.Text(scope.SchemaURL)
	scope.Attributes = attribute.NewSet(c.Attributes(scope.Attributes.ToSlice())...)
	return scope
}

// TraceState returns state with clean texts.
func (w *Rewriter) TraceState(state trace.TraceState) trace.TraceState {
	text := state.String()
	cleaned := w.clean.Text(text)
	if cleaned == text {
		return state
	}
	// If ParseTraceState returns an error, state is empty.
	state, _ = trace.ParseTraceState(cleaned)
	return state
}

// A RewritingExporter rewrites spans before it passes them to its exporter.
type RewritingExporter struct {
	sdktrace.SpanExporter
	Rewriter *Rewriter
}

// ExportSpans implements sdktrace.SpanExporter.
func (e RewritingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	return e.SpanExporter.ExportSpans(ctx, e.Rewriter.rewrite(spans))
}
