package pgxtrace_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

const point = "SELECT id, name FROM orders WHERE id = $1"

var modes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

func names(spans []sdktrace.ReadOnlySpan) []string {
	var out []string
	for _, s := range spans {
		out = append(out, s.SpanKind().String()+" "+s.Name())
	}
	return out
}

// ended returns the spans that ended. Spans for connecting are left out if they have no
// error, because they occur only if connecting takes long, for example on a busy machine.
func ended(sdk *oteltest.SDK) []sdktrace.ReadOnlySpan {
	return slices.DeleteFunc(sdk.Ended(), func(s sdktrace.ReadOnlySpan) bool {
		return s.Name() == "connect" && s.Status().Code != codes.Error
	})
}

func only(t *testing.T, sdk *oteltest.SDK) sdktrace.ReadOnlySpan {
	t.Helper()
	spans := ended(sdk)
	if len(spans) != 1 {
		t.Fatalf("%d spans ended, want 1: %q", len(spans), names(spans))
	}
	return spans[0]
}

func wantNames(t *testing.T, sdk *oteltest.SDK, want ...string) {
	t.Helper()
	if got := names(ended(sdk)); !slices.Equal(got, want) {
		t.Errorf("spans: got %q, want %q", got, want)
	}
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%d spans started, %d ended", started, ended)
	}
}

func wantAttributes(t *testing.T, span sdktrace.ReadOnlySpan, want map[string]string) {
	t.Helper()
	attrs := oteltest.Map(span.Attributes())
	for key, text := range want {
		if got := attrs[key]; got != text {
			t.Errorf("%s: %s: got %q, want %q", span.Name(), key, got, text)
		}
	}
}

func wantFailed(t *testing.T, span sdktrace.ReadOnlySpan, want bool) {
	t.Helper()
	if got := span.Status().Code == codes.Error; got != want {
		t.Errorf("%s: status %v", span.Name(), span.Status())
	}
	if len(span.Events()) != 0 {
		t.Errorf("%s: events %v", span.Name(), span.Events())
	}
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func query(ctx context.Context, db querier, text string, args ...any) error {
	rows, err := db.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

// parent returns a context with a remote span, and the span context of this span.
func parent(ctx context.Context) (context.Context, trace.SpanContext) {
	sc := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	})
	return trace.ContextWithSpanContext(ctx, sc), sc
}

type sampler struct{ seen []attribute.KeyValue }

func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.seen = p.Attributes
	return sdktrace.AlwaysSample().ShouldSample(p)
}

func (s *sampler) Description() string { return "sampler" }

func TestStatementIsOneClientSpan(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			seen := new(sampler)
			sdk := oteltest.New(t, sdktrace.WithSampler(seen))
			pool := new(server).open(t, sdk, "default_query_exec_mode="+mode)
			ctx, sc := parent(t.Context())
			if err := query(ctx, pool, "SELECT id, name FROM orders WHERE name = 'secret' AND id = $1", "7"); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(ctx, "UPDATE orders SET name = $1", "secret"); err != nil {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client SELECT orders", "client UPDATE orders")
			for _, span := range ended(sdk) {
				wantAttributes(t, span, map[string]string{
					"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db.example", "server.port": "5433",
					"db.collection.name": "orders", "error.type": "", "db.query.slow": "",
				})
				wantFailed(t, span, false)
				if span.Parent().SpanID() != sc.SpanID() {
					t.Errorf("parent %v", span.Parent())
				}
				if got := span.InstrumentationScope(); got.Name != "github.com/nais/spor/sqltrace/pgxtrace" || got.SchemaURL == "" {
					t.Errorf("scope %v", got)
				}
			}
			wantAttributes(t, ended(sdk)[0], map[string]string{
				"db.operation.name": "SELECT", "db.query.summary": "SELECT orders", "db.response.returned_rows": "3",
				"db.query.text": "SELECT id, name FROM orders WHERE name = ? AND id = $1",
			})
			wantAttributes(t, ended(sdk)[1], map[string]string{
				"db.operation.name": "UPDATE", "db.query.summary": "UPDATE orders", "db.response.affected_rows": "3",
				"db.query.text": "UPDATE orders SET name = $1",
			})
			if n := len(seen.seen); n != 8 {
				t.Errorf("the sampler saw %d attributes: %v", n, seen.seen)
			}
		})
	}
}

func TestStatementWithoutParentHasSpan(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	if _, err := pool.Exec(t.Context(), "CREATE TABLE orders (id int)"); err != nil {
		t.Fatal(err)
	}
	span := only(t, sdk)
	if span.Parent().IsValid() {
		t.Errorf("parent %v", span.Parent())
	}
	wantAttributes(t, span, map[string]string{"db.response.affected_rows": "", "db.response.returned_rows": ""})
}

func TestMutedStatementHasNothing(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	ctx := suppress.Context(t.Context())
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := query(ctx, tx, point, "1"); err != nil {
			return err
		}
		b := new(pgx.Batch)
		b.Queue(point, "1")
		b.Queue(point, "2")
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk)
	if got := sdk.Metric(t, "db.client.operation.duration"); got != nil {
		t.Errorf("measured %v", got)
	}
}

func TestErrors(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := new(server).open(t, sdk, "default_query_exec_mode="+mode)
			if _, err := pool.Exec(t.Context(), "INSERT INTO fail VALUES ($1)", "secret"); err == nil {
				t.Fatal("no error")
			}
			if err := query(t.Context(), pool, "SELECT id FROM fail WHERE id = $1", "1"); err == nil {
				t.Fatal("no error")
			}
			wantNames(t, sdk, "client INSERT fail", "client SELECT fail")
			for _, span := range ended(sdk) {
				wantFailed(t, span, true)
				wantAttributes(t, span, map[string]string{"error.type": "23505", "db.response.status_code": "23505"})
				if got := span.Status().Description; got != "23505" {
					t.Errorf("description %q", got)
				}
			}
		})
	}
}

func TestNoRowsAndScanningAreNoErrors(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	var wrong int
	if err := pool.QueryRow(t.Context(), "SELECT name, id FROM orders").Scan(&wrong, &wrong); err == nil {
		t.Fatal("no error")
	}
	wantFailed(t, only(t, sdk), false)
}

func TestCancelIsNoFailureButTimeoutIs(t *testing.T) {
	for _, test := range []struct {
		kind   string
		failed bool
		limit  func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"canceled", false, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(20*time.Millisecond, cancel)
			return ctx, cancel
		}},
		{"timeout", true, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := (&server{pause: 200 * time.Millisecond}).open(t, sdk, "")
			if err := query(t.Context(), pool, "SELECT pause FROM orders WHERE id = $1", "1"); err != nil { // prepares the statement
				t.Fatal(err)
			}
			sdk.Forget()
			ctx, cancel := test.limit(t.Context())
			defer cancel()
			if err := query(ctx, pool, "SELECT pause FROM orders WHERE id = $1", "1"); err == nil {
				t.Fatal("no error")
			}
			wantNames(t, sdk, "client SELECT orders")
			wantFailed(t, only(t, sdk), test.failed)
			wantAttributes(t, only(t, sdk), map[string]string{"error.type": test.kind})
		})
	}
}

// TestSpanEndsWhenServerHasAnswered checks a program that uses some time between two rows.
// The span and the duration must not include this time.
func TestSpanEndsWhenServerHasAnswered(t *testing.T) {
	const answering, program = 60 * time.Millisecond, 150 * time.Millisecond
	for _, test := range []struct{ mode, columns string }{
		{"cache_statement", "pause"},
		{"cache_describe", "pause"},
		{"describe_exec", "pause"},
		{"exec", "pause"},
		{"simple_protocol", "pause"},
		{"cache_statement", "pause, wide"},
		{"exec", "pause, wide"},
	} {
		t.Run(test.mode+" "+test.columns, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := (&server{pause: answering}).open(t, sdk, "default_query_exec_mode="+test.mode)
			rows, err := pool.Query(t.Context(), "SELECT "+test.columns+" FROM orders WHERE id = $1", "1")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				<-time.After(program / 3)
			}
			span := only(t, sdk)
			if took := span.EndTime().Sub(span.StartTime()); took < answering*3/4 || took >= program {
				t.Errorf("took %v, want the time of the server, %v", took, answering)
			}
			points := sdk.Seconds(t, "db.client.operation.duration")
			if len(points) != 1 || points[0].Count != 1 || points[0].Sum < 0.75*answering.Seconds() || points[0].Sum >= program.Seconds() {
				t.Errorf("measured %v", points)
			}
		})
	}
}

func TestNameOfPreparedStatementIsNotItsText(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().Prepare(t.Context(), "s1", point); err != nil {
		t.Fatal(err)
	}
	if err := query(t.Context(), conn, "s1", "1"); err != nil {
		t.Fatal(err)
	}
	b := new(pgx.Batch)
	b.Queue("s1", "1")
	if err := conn.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "nobody_knows_me"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders", "client SELECT orders", "client postgresql")
	wantAttributes(t, ended(sdk)[0], map[string]string{"db.query.text": point})
	wantAttributes(t, ended(sdk)[2], map[string]string{"db.query.text": ""})
}

func TestPrepareHasSpanOnlyIfItFailsOrTakesLong(t *testing.T) {
	sdk := oteltest.New(t)
	pool := (&server{pause: 110 * time.Millisecond}).open(t, sdk, "")
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().Prepare(t.Context(), "s1", "UPDATE unparsable SET a = $1"); err == nil {
		t.Fatal("no error")
	}
	if err := query(t.Context(), conn, "SELECT slowly prepared FROM orders WHERE id = $1", "1"); err != nil {
		t.Fatal(err)
	}
	if err := query(t.Context(), conn, "SELECT unparsable FROM orders WHERE id = $1", "1"); err == nil {
		t.Fatal("no error")
	}
	wantNames(t, sdk, "client UPDATE unparsable", "internal prepare", "client SELECT orders", "internal prepare", "client SELECT orders")
	for i, failed := range []bool{true, false, false, true, true} {
		wantFailed(t, ended(sdk)[i], failed)
	}
}

func TestConnectHasSpanOnlyIfItFailsOrTakesLong(t *testing.T) {
	sdk := oteltest.New(t)
	s := new(server)
	s.refuse(true)
	pool := s.open(t, sdk, "")
	ctx, sc := parent(t.Context())
	if err := query(ctx, pool, point, "1"); err == nil {
		t.Fatal("no error")
	}
	wantNames(t, sdk, "internal connect")
	wantFailed(t, ended(sdk)[0], true)
	if got := ended(sdk)[0].Parent().SpanID(); got != sc.SpanID() {
		t.Errorf("parent %v", got)
	}
	s.refuse(false)
	if err := query(ctx, pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "internal connect", "client SELECT orders")
}

func TestTransactionHasNoSpans(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
			return query(t.Context(), tx, point, "1")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders")
}

func TestWithTransactions(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithTransactions())
	ctx, sc := parent(t.Context())
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return query(ctx, tx, point, "1") }); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_ = query(ctx, tx, "SELECT fail FROM orders")
		return nil // pgx then commits the transaction, although a statement failed
	})
	if !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders", "internal transaction", "client SELECT orders", "client COMMIT", "internal transaction")
	spans := ended(sdk)
	if spans[1].Parent().SpanID() != sc.SpanID() || spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() {
		t.Errorf("parents %v, %v", spans[0].Parent(), spans[1].Parent())
	}
	for i, failed := range []bool{false, false, true, true, true} {
		wantFailed(t, spans[i], failed)
	}
}

func TestTransactionThatIsAbandonedEnds(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithTransactions())
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn.Release()
	wantNames(t, sdk, "internal transaction")
}

// TestTransactionWhoseRollbackFails checks that the span ends without a pool. pgx then closes
// the connection after it has reported the end of ROLLBACK.
func TestTransactionWhoseRollbackFails(t *testing.T) {
	for _, command := range []string{"ROLLBACK", "COMMIT"} {
		sdk := oteltest.New(t)
		config := new(server).config(t, "").ConnConfig
		config.Tracer = pgxtrace.Tracer(options(sdk, sqltrace.WithTransactions())...)
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		end := tx.Rollback
		if command == "COMMIT" {
			end = tx.Commit
		}
		if err := end(canceled); err == nil {
			t.Errorf("%s: no error", command)
		}
		wantNames(t, sdk, "internal transaction")
	}
}

func TestBusyConnection(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	rows, err := conn.Query(t.Context(), point, "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := query(t.Context(), conn, "SELECT * FROM lines"); err == nil {
		t.Fatal("no error")
	}
	rows.Close()
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	wantNames(t, sdk, "internal prepare", "client SELECT lines", "client SELECT orders")
	wantFailed(t, ended(sdk)[1], true)
	wantFailed(t, ended(sdk)[2], false)
}

func TestCopyFrom(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	rows := pgx.CopyFromRows([][]any{{"1", "x"}, {"2", "y"}})
	if _, err := pool.CopyFrom(t.Context(), pgx.Identifier{"shop", "orders"}, []string{"id", "name"}, rows); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client COPY shop.orders")
	wantAttributes(t, only(t, sdk), map[string]string{
		"db.collection.name": "shop.orders", "db.operation.name": "COPY", "db.response.affected_rows": "2",
		"db.query.text": `copy "shop"."orders" ( "id", "name" ) from stdin binary`,
	})
}

// TestCopyFromIntoNothing checks a COPY to a table that does not exist. pgx does not report
// the end of such a COPY.
func TestCopyFromIntoNothing(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	if _, err := pool.CopyFrom(t.Context(), pgx.Identifier{"unparsable"}, []string{"id"}, pgx.CopyFromRows(nil)); err == nil {
		t.Fatal("no error")
	}
	wantNames(t, sdk, "internal prepare", "client COPY unparsable")
	wantFailed(t, ended(sdk)[1], true)
	wantAttributes(t, ended(sdk)[1], map[string]string{"error.type": "23505"})
}
