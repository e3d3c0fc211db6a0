package pgxtrace_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

func TestBatch(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := new(server).open(t, sdk, "default_query_exec_mode="+mode)
			b := new(pgx.Batch)
			b.Queue("SELECT id FROM orders WHERE id = $1", "1")
			b.Queue("UPDATE lines SET a = $1", "1")
			ctx, sc := parent(t.Context())
			if err := pool.SendBatch(ctx, b).Close(); err != nil {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client SELECT orders", "client UPDATE lines", "internal BATCH")
			spans := ended(sdk)
			for i, want := range []map[string]string{
				{"db.response.returned_rows": "3", "db.query.text": "SELECT id FROM orders WHERE id = $1", "server.address": "db.example"},
				{"db.response.affected_rows": "3", "db.operation.name": "UPDATE"},
				{"db.operation.name": "BATCH", "db.operation.batch.size": "2", "db.query.summary": "BATCH", "db.query.text": "", "db.system.name": "postgresql"},
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
	pool := new(server).open(t, sdk, "")
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
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := new(server).open(t, sdk, "default_query_exec_mode="+mode)
			b := new(pgx.Batch)
			b.Queue("UPDATE orders SET a = $1", "1")
			b.Queue("UPDATE fail SET a = $1", "1")
			b.Queue("UPDATE lines SET a = $1", "1")
			if err := pool.SendBatch(t.Context(), b).Close(); err == nil {
				t.Fatal("no error")
			}
			wantNames(t, sdk, "client UPDATE orders", "client UPDATE fail", "internal BATCH")
			for i, failed := range []bool{false, true, true} {
				wantFailed(t, ended(sdk)[i], failed)
			}
			wantAttributes(t, ended(sdk)[1], map[string]string{"error.type": "23505"})
		})
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
	const answering, program = 60 * time.Millisecond, 150 * time.Millisecond
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			pool := (&server{pause: answering}).open(t, sdk, "default_query_exec_mode="+mode)
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
			wantNames(t, sdk, "client SELECT orders", "client SELECT lines", "internal BATCH")
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
	pool := new(server).open(t, sdk, "", sqltrace.WithTransactions())
	b := new(pgx.Batch)
	b.Queue("begin")
	b.Queue("UPDATE orders SET a = $1", "1")
	b.Queue("commit")
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client UPDATE orders", "internal BATCH")
}
