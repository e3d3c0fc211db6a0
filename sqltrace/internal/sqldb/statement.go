package sqldb

import (
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqltext"
)

// AffectedRowsKey is how many rows a statement inserted, changed or deleted. The
// conventions have no attribute for it.
const AffectedRowsKey attribute.Key = "db.response.affected_rows"

// Slack is how much later than the database's answer a span may end. A smaller
// difference is not worth an end time.
const Slack = 50 * time.Microsecond

// SessionKey is where package pgxtrace keeps the state of a connection, in the custom
// data of that.
const SessionKey = "github.com/nais/spor/sqltrace/pgxtrace"

// A Statement is the operation of a text. It does not change.
type Statement struct {
	db.Operation

	// Transaction is the operation of a statement that begins or ends a transaction
	// or a part of one, and does nothing else; "" for all others.
	Transaction string
	// Commentable is set when a comment is asked for and may be added to the text, at
	// [EndOfStatement].
	Commentable bool
}

// Statements makes the statements of one database, and keeps those used last.
type Statements struct {
	*db.Operations
	*sqltext.Cache[*Statement]

	config *Config
}

// NewStatements returns the statements of the database t.
func NewStatements(c *Config, t db.Target) *Statements {
	s := &Statements{Operations: db.NewOperations(&c.Config, t), config: c}
	s.Cache = sqltext.NewCache(sqltext.DialectOf(s.System()), s.build)
	return s
}

func (s *Statements) build(q sqltext.Query) *Statement {
	d := db.Description{Name: q.Operation, Collection: q.Collection, Summary: q.Summary, Text: q.Text}
	if s.config.QueryNames {
		d.SpanName = q.Name
	}
	return &Statement{
		Operation:   *s.New(d),
		Transaction: transaction(q),
		Commentable: s.config.SQLCommenter && commentable(q),
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
