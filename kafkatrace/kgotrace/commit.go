package kgotrace

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Commit calls fn, and returns the error of fn. fn must commit the offsets of processed
// records. The duration of the commit is measured. If [kafkatrace.WithCommitSpans] is set,
// or if the client is transactional, the commit also has a span. Commit is for commits that
// the Client does not measure itself, for example with [kgo.Client.CommitOffsetsSync].
func (c *Client) Commit(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Value(committing{}) == c {
		return fn(ctx)
	}
	return c.tracer.Commit(context.WithValue(ctx, committing{}, c), fn)
}

// committing is the key of a context in which a Client measures a commit. The value is the
// Client.
type committing struct{}

// CommitRecords commits records with franz-go, and measures the commit as [Client.Commit].
func (c *Client) CommitRecords(ctx context.Context, records ...*kgo.Record) error {
	return c.Commit(ctx, func(ctx context.Context) error { return c.Client.CommitRecords(ctx, records...) })
}

// CommitUncommittedOffsets commits with franz-go, and measures the commit as [Client.Commit].
func (c *Client) CommitUncommittedOffsets(ctx context.Context) error {
	return c.Commit(ctx, c.Client.CommitUncommittedOffsets)
}

// CommitMarkedOffsets commits with franz-go, and measures the commit as [Client.Commit].
func (c *Client) CommitMarkedOffsets(ctx context.Context) error {
	return c.Commit(ctx, c.Client.CommitMarkedOffsets)
}

// EndTransaction ends the transaction with franz-go, in a span. The status of the span is
// Error if the transaction was aborted. If the transaction has a consumer group, use
// [Client.End] instead.
func (c *Client) EndTransaction(ctx context.Context, commit kgo.TransactionEndTry) error {
	return c.tracer.EndTransaction(ctx, func(ctx context.Context) (bool, error) {
		return bool(commit), c.Client.EndTransaction(ctx, commit)
	})
}

// End calls s.End in a span. s must be the session of the client. The status of the span is
// Error if the program or the client aborted the transaction.
func (c *Client) End(ctx context.Context, s *kgo.GroupTransactSession, commit kgo.TransactionEndTry) (committed bool, err error) {
	err = c.tracer.EndTransaction(ctx, func(ctx context.Context) (bool, error) {
		var err error
		committed, err = s.End(ctx, commit)
		return committed, err
	})
	return committed, err
}
