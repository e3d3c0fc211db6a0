package pgxtrace_test

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// server is a PostgreSQL server that implements the part of the protocol that pgx needs. It
// returns three rows of two columns for every SELECT, and accepts every COPY. It returns an
// error for every text that contains "fail".
type server struct {
	pause time.Duration // time to wait before each statement that contains "pause"
	quiet bool          // the server does not store texts

	mu      sync.Mutex
	texts   []string // the texts that clients sent to execute or to prepare them
	refused bool     // new connections are refused
}

func (s *server) said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

func (s *server) refuse(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = on
}

func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		return nil, net.ErrClosed
	}
	client, backend := net.Pipe()
	go s.serve(backend)
	return client, nil
}

func (s *server) config(tb testing.TB, parameters string) *pgxpool.Config {
	tb.Helper()
	config, err := pgxpool.ParseConfig("postgres://user:secret@db.example:5433/shop?sslmode=disable&" + parameters)
	if err != nil {
		tb.Fatal(err)
	}
	s.attach(config)
	return config
}

// attach changes config so that its connections go to s.
func (s *server) attach(config *pgxpool.Config) {
	config.ConnConfig.DialFunc = s.dial
	config.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
}

func inMemory(config *pgxpool.Config) { new(server).attach(config) }

func (s *server) open(tb testing.TB, sdk *oteltest.SDK, parameters string, opts ...sqltrace.Option) *pgxpool.Pool {
	tb.Helper()
	pool, err := pgxtrace.NewPoolWithConfig(tb.Context(), s.config(tb, parameters), options(sdk, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func options(sdk *oteltest.SDK, opts ...sqltrace.Option) []sqltrace.Option {
	return append([]sqltrace.Option{
		sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider),
	}, opts...)
}

type backend struct {
	*pgproto3.Backend

	server   *server
	prepared map[string]string
	bound    string
	status   byte
	failed   bool // a message failed; all messages are ignored until the next Sync
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	b := &backend{Backend: pgproto3.NewBackend(conn, conn), server: s, prepared: map[string]string{}, status: 'I'}
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	b.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	b.ready()
	for {
		message, err := b.Receive()
		if err != nil {
			return
		}
		if _, ended := message.(*pgproto3.Terminate); ended {
			return
		}
		if !b.answer(message) {
			return
		}
	}
}

func (b *backend) ready() {
	b.Send(&pgproto3.ReadyForQuery{TxStatus: b.status})
	_ = b.Flush()
}

func (b *backend) fail() {
	if b.status == 'T' {
		b.status = 'E'
	}
	b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "23505", Message: "Key (email)=(secret) already exists."})
}

func (b *backend) note(text string) {
	if b.server.quiet {
		return
	}
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	b.server.texts = append(b.server.texts, text)
}

var columns = []pgproto3.FieldDescription{
	{Name: []byte("id"), DataTypeOID: pgtype.TextOID, DataTypeSize: -1, TypeModifier: -1},
	{Name: []byte("name"), DataTypeOID: pgtype.TextOID, DataTypeSize: -1, TypeModifier: -1},
}

func parameters(text string) int {
	n := 0
	for strings.Contains(text, "$"+strconv.Itoa(n+1)) {
		n++
	}
	return n
}

func hasRows(text string) bool {
	return strings.HasPrefix(text, "SELECT") || strings.HasPrefix(text, "select")
}

// answer answers a message. It returns false if the connection must be closed.
func (b *backend) answer(message pgproto3.FrontendMessage) bool {
	if _, sync := message.(*pgproto3.Sync); sync {
		b.failed = false
		b.ready()
		return true
	}
	if b.failed {
		return true
	}
	switch m := message.(type) {
	case *pgproto3.Parse:
		b.note(m.Query)
		b.prepared[m.Name] = m.Query
		if strings.Contains(m.Query, "unparsable") {
			b.failed = true
			b.fail()
			return true
		}
		if strings.Contains(m.Query, "slowly prepared") {
			<-time.After(b.server.pause)
		}
		b.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Describe:
		if m.ObjectType == 'S' {
			text := b.prepared[m.Name]
			b.Send(&pgproto3.ParameterDescription{ParameterOIDs: slices.Repeat([]uint32{pgtype.TextOID}, parameters(text))})
			b.describe(text)
		} else {
			b.describe(b.bound)
		}
	case *pgproto3.Bind:
		b.bound = b.prepared[m.PreparedStatement]
		b.Send(&pgproto3.BindComplete{})
	case *pgproto3.Execute:
		b.failed = !b.execute(b.bound)
	case *pgproto3.Close:
		b.Send(&pgproto3.CloseComplete{})
	case *pgproto3.Flush:
		_ = b.Flush()
	case *pgproto3.Query:
		b.note(m.String)
		if strings.HasPrefix(m.String, "copy ") {
			b.Send(&pgproto3.CopyInResponse{OverallFormat: 1, ColumnFormatCodes: []uint16{1}})
			_ = b.Flush()
			return true
		}
		for text := range strings.SplitSeq(m.String, ";") {
			if text = strings.TrimSpace(text); hasRows(text) {
				b.describe(text)
			}
			if !b.execute(text) {
				break
			}
		}
		b.ready()
	case *pgproto3.CopyDone:
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("COPY 2")})
		b.ready()
	case *pgproto3.CopyFail:
		b.fail()
		b.ready()
	}
	return true
}

func (b *backend) describe(text string) {
	if hasRows(text) {
		b.Send(&pgproto3.RowDescription{Fields: columns})
	} else {
		b.Send(&pgproto3.NoData{})
	}
}

func (b *backend) execute(text string) bool {
	if strings.Contains(text, "pause") {
		<-time.After(b.server.pause)
	}
	lower := strings.ToLower(text)
	if strings.Contains(lower, "fail") || b.status == 'E' && lower != "rollback" && lower != "commit" {
		b.fail()
		return false
	}
	tag := "UPDATE 3"
	switch {
	case lower == "begin":
		tag, b.status = "BEGIN", 'T'
	case lower == "commit" && b.status == 'E', lower == "rollback":
		tag, b.status = "ROLLBACK", 'I'
	case lower == "commit":
		tag, b.status = "COMMIT", 'I'
	case strings.HasPrefix(lower, "create"):
		tag = "CREATE TABLE"
	case hasRows(text):
		tag = "SELECT 3"
		name := "x"
		if strings.Contains(text, "wide") {
			name = strings.Repeat("x", 20<<10) // more than pgx reads in one call
		}
		for range 3 {
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("1"), []byte(name)}})
		}
	}
	b.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return true
}
