package pgxtrace

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// joined calls two tracers for every event: the tracer of this package and the other
// tracer. When an operation starts, joined calls the tracer of this package first.
// Therefore the context of the other tracer already contains the span. When an operation
// ends, joined calls the other tracer first, because the span must not have ended yet.
type joined struct {
	*tracer

	query pgx.QueryTracer
	// If the other tracer does not implement one of these interfaces, the field is nil.
	batch   pgx.BatchTracer
	copies  pgx.CopyFromTracer
	prepare pgx.PrepareTracer
	connect pgx.ConnectTracer
	acquire pgxpool.AcquireTracer
	release pgxpool.ReleaseTracer
}

// join returns a tracer that calls both t and other. If other is nil, join returns t.
func join(t *tracer, other pgx.QueryTracer) pgx.QueryTracer {
	if other == nil {
		return t
	}
	j := &joined{tracer: t, query: other}
	j.batch, _ = other.(pgx.BatchTracer)
	j.copies, _ = other.(pgx.CopyFromTracer)
	j.prepare, _ = other.(pgx.PrepareTracer)
	j.connect, _ = other.(pgx.ConnectTracer)
	j.acquire, _ = other.(pgxpool.AcquireTracer)
	j.release, _ = other.(pgxpool.ReleaseTracer)
	return j
}

func (j *joined) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return j.query.TraceQueryStart(j.tracer.TraceQueryStart(ctx, conn, data), conn, data)
}

func (j *joined) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	j.query.TraceQueryEnd(ctx, conn, data)
	j.tracer.TraceQueryEnd(ctx, conn, data)
}

func (j *joined) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	ctx = j.tracer.TraceBatchStart(ctx, conn, data)
	if j.batch != nil {
		ctx = j.batch.TraceBatchStart(ctx, conn, data)
	}
	return ctx
}

func (j *joined) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	if j.batch != nil {
		j.batch.TraceBatchQuery(ctx, conn, data)
	}
	j.tracer.TraceBatchQuery(ctx, conn, data)
}

func (j *joined) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	if j.batch != nil {
		j.batch.TraceBatchEnd(ctx, conn, data)
	}
	j.tracer.TraceBatchEnd(ctx, conn, data)
}

func (j *joined) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	ctx = j.tracer.TraceCopyFromStart(ctx, conn, data)
	if j.copies != nil {
		ctx = j.copies.TraceCopyFromStart(ctx, conn, data)
	}
	return ctx
}

func (j *joined) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	if j.copies != nil {
		j.copies.TraceCopyFromEnd(ctx, conn, data)
	}
	j.tracer.TraceCopyFromEnd(ctx, conn, data)
}

func (j *joined) TracePrepareStart(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	ctx = j.tracer.TracePrepareStart(ctx, conn, data)
	if j.prepare != nil {
		ctx = j.prepare.TracePrepareStart(ctx, conn, data)
	}
	return ctx
}

func (j *joined) TracePrepareEnd(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareEndData) {
	if j.prepare != nil {
		j.prepare.TracePrepareEnd(ctx, conn, data)
	}
	j.tracer.TracePrepareEnd(ctx, conn, data)
}

func (j *joined) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	ctx = j.tracer.TraceConnectStart(ctx, data)
	if j.connect != nil {
		ctx = j.connect.TraceConnectStart(ctx, data)
	}
	return ctx
}

func (j *joined) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	if j.connect != nil {
		j.connect.TraceConnectEnd(ctx, data)
	}
	j.tracer.TraceConnectEnd(ctx, data)
}

func (j *joined) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireStartData) context.Context {
	ctx = j.tracer.TraceAcquireStart(ctx, pool, data)
	if j.acquire != nil {
		ctx = j.acquire.TraceAcquireStart(ctx, pool, data)
	}
	return ctx
}

func (j *joined) TraceAcquireEnd(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if j.acquire != nil {
		j.acquire.TraceAcquireEnd(ctx, pool, data)
	}
	j.tracer.TraceAcquireEnd(ctx, pool, data)
}

func (j *joined) TraceRelease(pool *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	if j.release != nil {
		j.release.TraceRelease(pool, data)
	}
	j.tracer.TraceRelease(pool, data)
}
