package sqldb

import (
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/internal/sqltext"
)

// AffectedRowsKey is the attribute for the number of rows that a statement inserted,
// changed or deleted. The semantic conventions do not define such an attribute.
const AffectedRowsKey attribute.Key = "db.response.affected_rows"

// Slack is the maximum time by which a span may end later than the database's answer. If
// more time has passed, the end time of the span is set to the time of the answer.
const Slack = 50 * time.Microsecond

// SessionKey is the key under which package pgxtrace stores its state in the custom data of
// a connection.
const SessionKey = "github.com/nais/spor/sqltrace/pgxtrace"

// A Statement is the operation that a query text executes. It is immutable.
type Statement struct {
	db.Operation

	// Transaction is set if the statement only begins or ends a transaction, or uses a
	// savepoint. Its value is then the operation, such as BEGIN. Otherwise it is "".
	Transaction string
	// Commentable is true if comments are on and a comment may be inserted into the text,
	// at [EndOfStatement].
	Commentable bool
}

// Statements creates the statements of one database, and caches the most recently used
// ones.
type Statements struct {
	*db.Operations
	*sqltext.Cache[*Statement]

	config  *Config
	batches cache.Map[string, *db.Operation]
}

// NewStatements returns the statements of the database t.
func NewStatements(c *Config, t db.Target) *Statements {
	s := &Statements{Operations: db.NewOperations(&c.Config, t), config: c}
	s.Cache = sqltext.NewCache(sqltext.DialectOf(s.System()), s.build)
	return s
}

func (s *Statements) build(q sqltext.Query) *Statement {
	d := db.Description{Name: q.Operation, Collection: q.Collection, Procedure: q.Procedure, Summary: q.Summary, Text: q.Text}
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
	if q.Summary == q.Operation && !q.Many {
		switch q.Operation {
		case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
			return q.Operation
		}
	}
	return ""
}
