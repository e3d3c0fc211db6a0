package pgxtrace_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

type witness struct {
	reported []string
	span     trace.SpanContext // the span in the context when the last query ended
}

type witnessKey struct{}

func (w *witness) say(ctx context.Context, what string) context.Context {
	w.reported = append(w.reported, what)
	return context.WithValue(ctx, witnessKey{}, what)
}

func (w *witness) end(ctx context.Context, what string) {
	if ctx.Value(witnessKey{}) != what {
		what += " elsewhere"
	}
	w.reported = append(w.reported, "end "+what)
}

func (w *witness) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return w.say(ctx, "query")
}

func (w *witness) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	w.span = trace.SpanContextFromContext(ctx)
	w.end(ctx, "query")
}

func (w *witness) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return w.say(ctx, "batch")
}

func (w *witness) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	w.reported = append(w.reported, "statement")
}

func (w *witness) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	w.end(ctx, "batch")
}

func (w *witness) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return w.say(ctx, "copy")
}

func (w *witness) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromEndData) {
	w.end(ctx, "copy")
}

func (w *witness) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return w.say(ctx, "prepare")
}

func (w *witness) TracePrepareEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareEndData) {
	w.end(ctx, "prepare")
}

func (w *witness) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return w.say(ctx, "connect")
}

func (w *witness) TraceConnectEnd(ctx context.Context, _ pgx.TraceConnectEndData) {
	w.end(ctx, "connect")
}

func (w *witness) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return w.say(ctx, "acquire")
}

func (w *witness) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	w.end(ctx, "acquire")
}

func (w *witness) TraceRelease(*pgxpool.Pool, pgxpool.TraceReleaseData) {
	w.reported = append(w.reported, "release")
}

// modest is a tracer that does not trace batches.
type modest struct{ *witness }

func (m modest) TraceBatchStart() {}
func (m modest) TraceBatchQuery() {}
func (m modest) TraceBatchEnd()   {}

// use makes a traced pool from a configuration that already contains tracer. With this
// pool, it executes one query, one batch and one COPY.
func use(t *testing.T, sdk *oteltest.SDK, tracer pgx.QueryTracer) {
	t.Helper()
	config := new(server).config(t, "pool_max_conns=1")
	config.ConnConfig.Tracer = tracer
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, options(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := query(t.Context(), pool, point, "1"); err != nil {
		t.Fatal(err)
	}
	b := new(pgx.Batch)
	b.Queue(point, "1")
	if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.CopyFrom(t.Context(), pgx.Identifier{"lines"}, []string{"id"}, pgx.CopyFromRows(nil)); err != nil {
		t.Fatal(err)
	}
}

func TestOtherTracerSeesEverything(t *testing.T) {
	sdk := oteltest.New(t)
	w := new(witness)
	use(t, sdk, w)
	want := []string{
		"acquire", "connect", "end connect", "end acquire",
		"query", "prepare", "end prepare", "end query", "release",
		"acquire", "end acquire", "batch", "statement", "end batch", "release",
		"acquire", "end acquire", "copy", "prepare", "end prepare", "end copy", "release",
	}
	if !slices.Equal(w.reported, want) {
		t.Errorf("got  %q\nwant %q", w.reported, want)
	}
	wantNames(t, sdk, "client SELECT orders", "client SELECT orders", "client COPY lines")
	if got, want := w.span.SpanID(), ended(sdk)[0].SpanContext().SpanID(); got != want {
		t.Errorf("the other tracer's query ended under span %v, want %v", got, want)
	}
}

func TestOtherTracerMayLackWhatIsOptional(t *testing.T) {
	sdk := oteltest.New(t)
	w := new(witness)
	use(t, sdk, modest{w})
	if slices.Contains(w.reported, "batch") || !slices.Contains(w.reported, "end query") {
		t.Errorf("got %q", w.reported)
	}
	wantNames(t, sdk, "client SELECT orders", "client SELECT orders", "client COPY lines")
}

func TestPoolIsNotTracedTwice(t *testing.T) {
	for name, wrap := range map[string]func(pgx.QueryTracer) pgx.QueryTracer{
		"as it is":       func(t pgx.QueryTracer) pgx.QueryTracer { return t },
		"in multitracer": func(t pgx.QueryTracer) pgx.QueryTracer { return multitracer.New(new(witness), t) },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			use(t, sdk, wrap(pgxtrace.Tracer(options(sdk)...)))
			wantNames(t, sdk, "client SELECT orders", "client SELECT orders", "client COPY lines")
			if points := sdk.Seconds(t, "db.client.connection.wait_time"); len(points) != 1 || points[0].Count != 3 {
				t.Errorf("wait_time %v", points)
			}
		})
	}
}

func TestPoolOfPoolsConfigIsNotTracedTwice(t *testing.T) {
	sdk := oteltest.New(t)
	first := new(server).open(t, sdk, "")
	second, err := pgxtrace.NewPoolWithConfig(t.Context(), first.Config(), options(sdk)...)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := query(t.Context(), second, point, "1"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders")
}
