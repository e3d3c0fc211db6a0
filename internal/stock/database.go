package stock

import (
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/sqltext"
)

// query returns the rule of a library for SQL. The library records the text of a query. It names
// its spans with one of the prefixes, or after the operation alone. If the program has chosen
// another name, the name stays.
func query(prefixes ...string) rule {
	return func(d *draft) {
		text := d.text(semconv.DBQueryTextKey, "db.statement")
		if text == "" || d.SpanKind() != trace.SpanKindClient || isPrepare(d.name) {
			return
		}
		q := d.completer.analyze(d.text(semconv.DBSystemNameKey, "db.system"), text)
		if q.Summary != "" && (d.name == q.Operation || hasPrefix(d.name, prefixes)) {
			d.name = q.Summary
		}
		d.add(q.Operation, semconv.DBOperationNameKey)
		d.add(q.Collection, semconv.DBCollectionNameKey, "db.sql.table")
		d.add(q.Summary, semconv.DBQuerySummaryKey)
	}
}

// isPrepare reports whether a span with this name prepares a statement. The statement is not
// executed, so the span does not get its name.
func isPrepare(name string) bool { return strings.Contains(strings.ToLower(name), "prepare") }

func hasPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (c *Completer) analyze(system, text string) sqltext.Query {
	return c.queries.Get(system, func(system string) *sqltext.Cache[sqltext.Query] {
		return sqltext.NewCache(sqltext.DialectOf(system), func(q sqltext.Query) sqltext.Query { return q })
	}).Get(text)
}

// commandInName adds db.operation.name to a span that is named after its command, such as get. The
// names of other spans begin with "redis.".
func commandInName(d *draft) {
	if d.SpanKind() == trace.SpanKindClient && !strings.HasPrefix(d.name, "redis.") {
		d.add(d.name, semconv.DBOperationNameKey, "db.operation")
	}
}
