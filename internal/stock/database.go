package stock

import (
	"slices"
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
		if text == "" || d.SpanKind() != trace.SpanKindClient || Prepares(d.name) {
			return
		}
		isPrefix := func(prefix string) bool { return strings.HasPrefix(d.name, prefix) }
		q := d.completer.analyze(d.text(semconv.DBSystemNameKey, "db.system"), text)
		if q.Summary != "" && (d.name == q.Operation || slices.ContainsFunc(prefixes, isPrefix)) {
			d.name = q.Summary
		}
		d.add(q.Operation, semconv.DBOperationNameKey)
		d.add(q.Collection, semconv.DBCollectionNameKey, "db.sql.table")
		d.add(q.Summary, semconv.DBQuerySummaryKey)
	}
}

// Prepares reports whether a span of a library for SQL, which has this name, prepares a statement.
// The statement is not executed, so the span does not get its name.
func Prepares(name string) bool { return strings.Contains(strings.ToLower(name), "prepare") }

func (c *Completer) analyze(system, text string) sqltext.Query {
	return c.queries.Get(system, func(system string) *sqltext.Cache[sqltext.Query] {
		return sqltext.NewCache(sqltext.DialectOf(system), func(q sqltext.Query) sqltext.Query { return q })
	}).Get(text)
}

// redisForValkey changes db.system from valkey to redis, because the platform does not know valkey.
func redisForValkey(d *draft) {
	if d.text("db.system") == "valkey" {
		d.set("redis", "db.system")
		d.add("valkey", semconv.DBSystemNameKey)
	}
}

// indexInPath adds db.collection.name to a span of Elastic's client.
func indexInPath(d *draft) {
	d.add(d.text("db.elasticsearch.path_parts.index"), semconv.DBCollectionNameKey, "db.sql.table")
}

// commandInName adds db.operation.name to a span that is named after its command, such as get. The
// names of other spans begin with "redis.".
func commandInName(d *draft) {
	if d.SpanKind() == trace.SpanKindClient && !strings.HasPrefix(d.name, "redis.") {
		d.add(d.name, semconv.DBOperationNameKey, "db.operation")
	}
}
