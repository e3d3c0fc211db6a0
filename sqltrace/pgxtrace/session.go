package pgxtrace

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// session contains the state of one connection. Only one goroutine at a time uses a
// connection.
type session struct {
	tracer     *tracer
	statements *sqldb.Statements // the statements of the database to which the connection was made
	prepared   map[string]string // the texts of prepared statements, by name
	wire       wire
	opened     *statement // the statement that is being executed
	tx         *transaction
	acquired   time.Time // when the connection was acquired from the pool; zero if not measured
}

func newSession(t *tracer, config *pgx.ConnConfig) *session {
	return &session{tracer: t, statements: t.statements(config)}
}

func (s *session) keep(custom map[string]any) {
	if custom != nil {
		custom[sqldb.SessionKey] = s
	}
}

// statement returns the statement for text. text is a query or the name of a prepared
// statement.
func (s *session) statement(text string) *sqldb.Statement {
	if prepared, named := s.prepared[text]; named {
		text = prepared
	}
	statement := s.statements.Get(text)
	if statement.Summary == "" && !strings.ContainsAny(text, " \t\r\n;(") {
		return s.statements.Get("") // text is the name of an unknown prepared statement
	}
	return statement
}

// text returns the text of the statement that the program executes as text. If text is the name of
// an unknown prepared statement, it returns "".
func (s *session) text(text string) string {
	if prepared, named := s.prepared[text]; named {
		return prepared
	}
	if s.statement(text) == s.statements.Get("") {
		return ""
	}
	return text
}

// cached is the prefix of a statement name that pgx's own cache chose.
const cached = "stmtcache_"

// mostPrepared is the maximum number of names in the field prepared.
const mostPrepared = 1000

func (s *session) remember(name, text string) {
	if s.prepared == nil {
		s.prepared = make(map[string]string)
	}
	for other := range s.prepared {
		if len(s.prepared) < mostPrepared {
			break
		}
		delete(s.prepared, other)
	}
	s.prepared[name] = text
}

func (s *session) open(st *statement) { s.opened = st }

func (s *session) close(st *statement) {
	if s.opened == st {
		s.opened = nil
	}
}

// lost is the outcome of a statement whose end pgx did not report.
var lost = db.Outcome{Type: "_OTHER", Failed: true}

// abandon ends the open statement if conn is not busy any more. This is necessary because
// some versions of pgx do not report the end of every failed statement.
func (s *session) abandon(conn *pgx.Conn) {
	if st := s.opened; st != nil && !conn.PgConn().IsBusy() {
		st.end(noTag, lost)
	}
}

// release ends the open statement and the transaction. It is called when the connection is
// released to its pool.
func (s *session) release() {
	if st := s.opened; st != nil {
		st.end(noTag, lost)
	}
	s.finishTransaction(db.Outcome{})
}

// beginTransaction returns the context for a statement that controls a transaction. If the
// statement begins a transaction and [sqltrace.WithTransactions] is set, beginTransaction
// starts the transaction span.
func (s *session) beginTransaction(ctx context.Context, statement *sqldb.Statement) context.Context {
	if statement.Transaction == "BEGIN" || statement.Transaction == "START" {
		s.startTransaction(ctx)
	}
	return s.tx.above(ctx)
}
