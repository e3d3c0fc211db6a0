package kgo

import (
	"context"
	"slices"
)

// SporOpts returns more options for every client, and SporPoll takes the place of every poll.
// SporEndTransaction and SporEnd end transactions. All may be nil.
var (
	SporOpts           func() []Opt
	SporPoll           func(context.Context, *Client, int) Fetches
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

// A polling is the context with which spor polls. The context of the test may be nil.
type polling struct{ context.Context }

// PollRecords takes the place of the client's own method. PollFetches calls it.
func (cl *Client) PollRecords(ctx context.Context, maxPollRecords int) Fetches {
	if own, ok := ctx.(polling); ok {
		return cl.sporPollRecords(own.Context, maxPollRecords)
	}
	if SporPoll == nil {
		return cl.sporPollRecords(ctx, maxPollRecords)
	}
	return SporPoll(polling{ctx}, cl, maxPollRecords)
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
