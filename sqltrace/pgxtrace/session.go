package pgxtrace

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// session is what there is to know of one connection, which one goroutine uses at
// a time.
type session struct {
	tracer     *tracer
	statements *sqldb.Statements // of the database as it was when the connection was made
	prepared   map[string]string // the texts of statements that have a name
	wire       wire
	opened     *statement // under way
	tx         *transaction
	acquired   time.Time // from its pool, if it is measured
}

func newSession(t *tracer, config *pgx.ConnConfig) *session {
	return &session{tracer: t, statements: t.statements(config)}
}

// keep remembers s with its connection.
func (s *session) keep(custom map[string]any) {
	if custom != nil {
		custom[sqldb.SessionKey] = s
	}
}

// statement returns the statement of what pgx was asked to do: a text, or the name
// of one that is prepared.
func (s *session) statement(text string) *sqldb.Statement {
	if prepared, named := s.prepared[text]; named {
		text = prepared
	}
	statement := s.statements.Get(text)
	if statement.Summary == "" && !strings.ContainsAny(text, " \t\r\n;(") {
		return s.statements.Get("") // a name that is not known
	}
	return statement
}

// cached is the prefix of the names that pgx itself gives to statements.
const cached = "stmtcache_"

// mostPrepared bounds the names that are remembered.
const mostPrepared = 1000

// remember keeps the text that has a name now.
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

// abandon ends the statement that conn is no longer busy with although its end was not
// reported: not all versions of pgx report all failures.
func (s *session) abandon(conn *pgx.Conn) {
	if st := s.opened; st != nil && !conn.PgConn().IsBusy() {
		st.end(noTag, lost)
	}
}

// release ends what is open, since conn goes back to its pool.
func (s *session) release() {
	if st := s.opened; st != nil {
		st.end(noTag, lost)
	}
	s.tx.end(db.Outcome{})
	s.tx = nil
}

// beginTransaction returns the context of a statement that is part of a
// transaction, which has a span if one was asked for.
func (s *session) beginTransaction(ctx context.Context, statement *sqldb.Statement) context.Context {
	if statement.Transaction == "BEGIN" || statement.Transaction == "START" {
		s.startTransaction(ctx)
	}
	return s.tx.above(ctx)
}
