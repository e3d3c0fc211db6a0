package pgxtrace

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// session stores the state of one connection. Only one goroutine at a time uses a
// connection.
type session struct {
	tracer     *tracer
	statements *sqldb.Statements // of the database that the connection was made to
	prepared   map[string]string // texts of prepared statements by name
	wire       wire
	opened     *statement // the statement that is being executed
	tx         *transaction
	acquired   time.Time // from the pool; zero if that is not measured
}

func newSession(t *tracer, config *pgx.ConnConfig) *session {
	return &session{tracer: t, statements: t.statements(config)}
}

// keep stores s in the custom data of its connection.
func (s *session) keep(custom map[string]any) {
	if custom != nil {
		custom[sqldb.SessionKey] = s
	}
}

// statement returns the statement for text, which is a query or the name of a prepared
// statement.
func (s *session) statement(text string) *sqldb.Statement {
	if prepared, named := s.prepared[text]; named {
		text = prepared
	}
	statement := s.statements.Get(text)
	if statement.Summary == "" && !strings.ContainsAny(text, " \t\r\n;(") {
		return s.statements.Get("") // text is a name that is not known
	}
	return statement
}

// cached is the prefix of the names that pgx's own cache gives to statements.
const cached = "stmtcache_"

// mostPrepared is the maximum number of names in prepared.
const mostPrepared = 1000

// remember stores the text of a statement that was prepared under name.
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

// abandon ends the open statement if conn is not busy any more. Some versions of pgx do not
// report the end of every statement that fails.
func (s *session) abandon(conn *pgx.Conn) {
	if st := s.opened; st != nil && !conn.PgConn().IsBusy() {
		st.end(noTag, lost)
	}
}

// release ends the open statement and the transaction when conn is released to its pool.
func (s *session) release() {
	if st := s.opened; st != nil {
		st.end(noTag, lost)
	}
	s.tx.end(db.Outcome{})
	s.tx = nil
}

// beginTransaction returns the context for a statement that is part of a transaction. It
// starts the span of the transaction if the statement begins one and
// [sqltrace.WithTransactions] is set.
func (s *session) beginTransaction(ctx context.Context, statement *sqldb.Statement) context.Context {
	if statement.Transaction == "BEGIN" || statement.Transaction == "START" {
		s.startTransaction(ctx)
	}
	return s.tx.above(ctx)
}
