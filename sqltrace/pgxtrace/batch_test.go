package pgxtrace_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

func TestBatchIsOneOperation(t *testing.T) {
	for _, mode := range modes {
		for name, provider := range map[string]func(*sdktrace.TracerProvider) trace.TracerProvider{
			"at the start": func(p *sdktrace.TracerProvider) trace.TracerProvider { return p },
			"at the end":   oteltest.AttributesAtEnd,
		} {
			t.Run(mode+"/"+name, func(t *testing.T) {
				sdk := oteltest.New(t)
				pool := new(server).open(t, sdk, "default_query_exec_mode="+mode, sqltrace.WithTracerProvider(provider(sdk.TracerProvider)))
				for _, test := range []struct {
					queries         []string
					name, operation string
					collection      string
					text            string
				}{
					{[]string{"SELECT id FROM orders WHERE id = $1 AND name = 'Kari'", "UPDATE lines SET a = $1"}, "BATCH SELECT orders; UPDATE lines", "BATCH", "", "SELECT id FROM orders WHERE id = $1 AND name = ?; UPDATE lines SET a = $1"},
					{[]string{"INSERT INTO orders VALUES ($1)", "INSERT INTO orders VALUES ($1)"}, "BATCH INSERT orders", "BATCH INSERT", "orders", "INSERT INTO orders VALUES ($1)"},
					{[]string{"INSERT INTO orders VALUES ($1, 'Kari')", "INSERT INTO orders VALUES ($1, 'Ola')"}, "BATCH INSERT orders", "BATCH INSERT", "orders", "INSERT INTO orders VALUES ($1, ?)"},
					{[]string{"INSERT INTO orders VALUES ($1)", "INSERT INTO lines VALUES ($1)"}, "BATCH INSERT orders; INSERT lines", "BATCH INSERT", "", "INSERT INTO orders VALUES ($1); INSERT INTO lines VALUES ($1)"},
				} {
					sdk.Forget()
					b := new(pgx.Batch)
					for _, query := range test.queries {
						b.Queue(query, "1")
					}
					ctx, sc := parent(t.Context())
					if err := pool.SendBatch(ctx, b).Close(); err != nil {
						t.Fatal(err)
					}
					span := sdk.Only(t)
					if span.Name() != test.name || span.SpanKind() != trace.SpanKindClient || span.Parent().SpanID() != sc.SpanID() {
						t.Errorf("got the %s span %q with the parent %v, want %q", span.SpanKind(), span.Name(), span.Parent(), test.name)
					}
					wantFailed(t, span, false)
					wantAttributes(t, span, map[string]string{
						"db.operation.name": test.operation, "db.operation.batch.size": "2", "db.query.summary": test.name,
						"db.query.text": test.text, "db.collection.name": test.collection, "db.system.name": "postgresql", "server.address": "db.example",
					})
				}
				for _, point := range sdk.Seconds(t, "db.client.operation.duration") {
					if got := oteltest.Map(point.Attributes.ToSlice())["db.operation.name"]; !strings.HasPrefix(got, "BATCH") {
						t.Errorf("measured the operation %q", got)
					}
				}
			})
		}
	}
}

// TestBatchOfMany checks that the description of a batch is bounded.
func TestBatchOfMany(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "default_query_exec_mode=exec")
	b := new(pgx.Batch)
	for i := range 100 {
		b.Queue(fmt.Sprintf("UPDATE a_table_with_a_long_name_%d SET a = $1", i), "1")
	}
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	attrs := oteltest.Map(sdk.Only(t).Attributes())
	if attrs["db.operation.batch.size"] != "100" || len(attrs["db.query.summary"]) > 255 || strings.Count(attrs["db.query.text"], ";") >= 20 {
		t.Errorf("attributes %v", attrs)
	}
}

func TestBatch(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := new(server).open(t, sdk, "default_query_exec_mode="+mode, sqltrace.WithBatchStatements())
			b := new(pgx.Batch)
			b.Queue("SELECT id FROM orders WHERE id = $1", "1")
			b.Queue("UPDATE lines SET a = $1", "1")
			ctx, sc := parent(t.Context())
			if err := pool.SendBatch(ctx, b).Close(); err != nil {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client SELECT orders", "client UPDATE lines", "internal BATCH SELECT orders; UPDATE lines")
			spans := ended(sdk)
			for i, want := range []map[string]string{
				{"db.response.returned_rows": "3", "db.query.text": "SELECT id FROM orders WHERE id = $1", "server.address": "db.example"},
				{"db.response.affected_rows": "3", "db.operation.name": "UPDATE"},
				{"db.operation.name": "BATCH", "db.operation.batch.size": "2", "db.query.summary": "BATCH SELECT orders; UPDATE lines", "db.query.text": "", "db.system.name": "postgresql"},
			} {
				wantAttributes(t, spans[i], want)
				wantFailed(t, spans[i], false)
			}
			batch := spans[2]
			if batch.Parent().SpanID() != sc.SpanID() {
				t.Errorf("parent %v", batch.Parent())
			}
			for _, span := range spans[:2] {
				if span.Parent().SpanID() != batch.SpanContext().SpanID() {
					t.Errorf("%s: parent %v", span.Name(), span.Parent())
				}
				if span.StartTime().Before(batch.StartTime()) || span.EndTime().After(batch.EndTime()) {
					t.Errorf("%s is not within its batch", span.Name())
				}
			}
		})
	}
}

func TestBatchOfOneIsNone(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	b := new(pgx.Batch)
	b.Queue(point, "1")
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders")
}

func TestBatchOfTheSame(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithBatchStatements())
	b := new(pgx.Batch)
	for range 3 {
		b.Queue("INSERT INTO orders VALUES ($1)", "1")
	}
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client INSERT orders", "client INSERT orders", "client INSERT orders", "internal BATCH INSERT orders")
	wantAttributes(t, ended(sdk)[3], map[string]string{"db.operation.name": "BATCH INSERT", "db.operation.batch.size": "3"})
}

// TestBatchThatFails checks a batch whose second statement fails. The server does not
// execute the third statement, so the third statement must not make a span.
func TestBatchThatFails(t *testing.T) {
	for _, mode := range modes {
		for _, opts := range [][]sqltrace.Option{nil, {sqltrace.WithBatchStatements()}} {
			t.Run(mode, func(t *testing.T) {
				sdk := oteltest.New(t)
				pool := new(server).open(t, sdk, "default_query_exec_mode="+mode, opts...)
				b := new(pgx.Batch)
				b.Queue("UPDATE orders SET a = $1", "1")
				b.Queue("UPDATE fail SET a = $1", "1")
				b.Queue("UPDATE lines SET a = $1", "1")
				if err := pool.SendBatch(t.Context(), b).Close(); err == nil {
					t.Fatal("no error")
				}
				failed := ended(sdk)[0]
				if opts == nil {
					wantNames(t, sdk, "client BATCH UPDATE orders; UPDATE fail; UPDATE lines")
				} else {
					wantNames(t, sdk, "client UPDATE orders", "client UPDATE fail", "internal BATCH UPDATE orders; UPDATE fail; UPDATE lines")
					wantFailed(t, failed, false)
					failed = ended(sdk)[1]
					wantFailed(t, ended(sdk)[2], true)
				}
				wantFailed(t, failed, true)
				wantAttributes(t, failed, map[string]string{"error.type": "23505"})
			})
		}
	}
}

func TestBatchThatCannotBePrepared(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	b := new(pgx.Batch)
	b.Queue("UPDATE orders SET a = $1", "1")
	b.Queue("UPDATE unparsable SET a = $1", "1")
	if err := pool.SendBatch(t.Context(), b).Close(); err == nil {
		t.Fatal("no error")
	}
	spans := ended(sdk)
	wantFailed(t, spans[len(spans)-1], true)
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%d started, %d ended", started, ended)
	}
}

// TestBatchTakesAsLongAsTheServer checks the duration of two statements that the server
// answers together. The program uses some time between two rows. The duration must not
// include this time.
func TestBatchTakesAsLongAsTheServer(t *testing.T) {
	t.Parallel()
	const answering, program = 60 * time.Millisecond, 1200 * time.Millisecond
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			sdk := oteltest.New(t)
			pool := (&server{pause: answering}).open(t, sdk, "default_query_exec_mode="+mode, sqltrace.WithBatchStatements())
			b := new(pgx.Batch)
			b.Queue("SELECT id FROM orders WHERE id = $1", "1").Query(func(rows pgx.Rows) error {
				for rows.Next() {
					<-time.After(program / 3)
				}
				return rows.Err()
			})
			b.Queue("SELECT pause FROM lines WHERE id = $1", "1")
			if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client SELECT orders", "client SELECT lines", "internal BATCH SELECT orders; SELECT lines")
			for _, span := range ended(sdk) {
				if took := span.EndTime().Sub(span.StartTime()); took < answering*3/4 || took >= program {
					t.Errorf("%s took %v, want the time of the server, %v", span.Name(), took, answering)
				}
			}
		})
	}
}

func TestTransactionInBatch(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithTransactions(), sqltrace.WithBatchStatements())
	b := new(pgx.Batch)
	b.Queue("begin")
	b.Queue("UPDATE orders SET a = $1", "1")
	b.Queue("commit")
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client UPDATE orders", "internal BATCH BEGIN; UPDATE orders; COMMIT")
}

// TestOutcomeOfBatch checks that a batch is measured once, and that only errors of the database are
// errors of the batch.
func TestOutcomeOfBatch(t *testing.T) {
	sold := errors.New("sold out")
	for name, test := range map[string]struct {
		queue  func(b *pgx.Batch)
		kind   string
		failed bool
	}{
		"cannot be prepared": {func(b *pgx.Batch) { b.Queue("UPDATE unparsable SET a = $1", "1") }, "23505", true},
		"error of the program": {func(b *pgx.Batch) {
			b.Queue(point, "1").Query(func(pgx.Rows) error { return sold })
		}, "", false},
	} {
		for _, opts := range [][]sqltrace.Option{nil, {sqltrace.WithTransactions()}} {
			t.Run(name, func(t *testing.T) {
				sdk := oteltest.New(t)
				pool := new(server).open(t, sdk, "", opts...)
				b := new(pgx.Batch)
				b.Queue("UPDATE orders SET a = $1", "1")
				test.queue(b)
				if err := pool.SendBatch(t.Context(), b).Close(); err == nil {
					t.Errorf("%s: no error", name)
				}
				for _, span := range sdk.Ended() {
					if span.SpanKind() == trace.SpanKindClient {
						wantFailed(t, span, test.failed)
						wantAttributes(t, span, map[string]string{"error.type": test.kind})
					}
				}
				points := sdk.Seconds(t, "db.client.operation.duration")
				if len(points) != 1 || points[0].Count != 1 {
					t.Fatalf("%s: measured %v", name, points)
				}
				if got := oteltest.Map(points[0].Attributes.ToSlice())["error.type"]; got != test.kind {
					t.Errorf("%s: measured error.type %q, want %q", name, got, test.kind)
				}
			})
		}
	}
}
