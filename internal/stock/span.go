package stock

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/sqltext"
)

// A Span is the part of a finished span that the rules read.
type Span interface {
	Name() string
	SpanKind() trace.SpanKind
	Attributes() []attribute.KeyValue
}

// A Completer completes spans. The zero value is ready for use. It is safe for concurrent use.
type Completer struct {
	queries cache.Map[string, *sqltext.Cache[sqltext.Query]] // by database system
}

// Complete returns the name of a span of the library with this instrumentation scope, and the
// attributes that are added to the span. They replace attributes of the span with the same key. If
// the library is not known, or has already written what the platform reads, name is the span's own
// name, and added is nil.
func (c *Completer) Complete(scope string, s Span) (name string, added []attribute.KeyValue) {
	d := draft{Span: s, name: s.Name(), completer: c}
	for _, apply := range libraries[scope].rules {
		apply(&d)
	}
	return d.name, d.added
}

// A rule completes a span of one library.
type rule func(*draft)

// A draft is a span while it is completed.
type draft struct {
	Span
	completer *Completer
	name      string
	added     []attribute.KeyValue
}

// text returns the first text with one of the keys, or "".
func (d *draft) text(keys ...attribute.Key) string {
	for _, key := range keys {
		if text := d.value(key).AsString(); text != "" {
			return text
		}
	}
	return ""
}

// value returns the value of an attribute. If the span does not have the attribute, the value is
// zero.
func (d *draft) value(key attribute.Key) attribute.Value {
	attrs := d.Attributes()
	for i := range attrs {
		if attrs[i].Key == key {
			return attrs[i].Value
		}
	}
	return attribute.Value{}
}

// set adds an attribute, also if the span has it already.
func (d *draft) set(text string, key attribute.Key) { d.added = append(d.added, key.String(text)) }

// add adds an attribute, unless the text is empty or the span has one of these keys already.
func (d *draft) add(text string, key attribute.Key, older ...attribute.Key) {
	if text != "" && d.text(append(older, key)...) == "" {
		d.added = append(d.added, key.String(text))
	}
}
