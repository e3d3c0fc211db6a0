package kgo

import (
	"context"
	"slices"
)

// SporOpts returns more options for every client, and SporPolled gets what every poll returned.
// SporEndTransaction and SporEnd end transactions. All may be nil.
var (
	SporOpts           func() []Opt
	SporPolled         func(*Client, Fetches) Fetches
	SporEndTransaction func(context.Context, *Client, TransactionEndTry) error
	SporEnd            func(context.Context, *GroupTransactSession, TransactionEndTry) (bool, error)
)

// NewClient takes the place of the package's own function.
func NewClient(opts ...Opt) (*Client, error) {
	if SporOpts != nil {
		opts = slices.Concat(opts, SporOpts())
	}
	return sporNewClient(opts...)
}

// PollRecords takes the place of the client's own method. PollFetches calls it.
func (cl *Client) PollRecords(ctx context.Context, maxPollRecords int) Fetches {
	fetches := cl.sporPollRecords(ctx, maxPollRecords)
	if SporPolled == nil {
		return fetches
	}
	return SporPolled(cl, fetches)
}

// ending is the key of a context in which spor ends a transaction.
type ending struct{}

// EndTransaction takes the place of the client's own method.
func (cl *Client) EndTransaction(ctx context.Context, commit TransactionEndTry) error {
	if SporEndTransaction == nil || ctx.Value(ending{}) != nil {
		return cl.sporEndTransaction(ctx, commit)
	}
	return SporEndTransaction(context.WithValue(ctx, ending{}, true), cl, commit)
}

// End takes the place of the session's own method.
func (s *GroupTransactSession) End(ctx context.Context, commit TransactionEndTry) (bool, error) {
	if SporEnd == nil || ctx.Value(ending{}) != nil {
		return s.sporEnd(ctx, commit)
	}
	return SporEnd(context.WithValue(ctx, ending{}, true), s, commit)
}
