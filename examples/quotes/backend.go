package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/grpctrace"
)

// backend is the service that stores the quotes.
type backend struct {
	quotespb.UnimplementedQuotesServer

	store  store
	events *events
}

func newBackend(s store, e *events) *grpc.Server {
	server := grpctrace.NewServer(
		grpc.ChainUnaryInterceptor(recoverUnary),
		grpc.ChainStreamInterceptor(recoverStream),
	)
	quotespb.RegisterQuotesServer(server, &backend{store: s, events: e})
	return server
}

// Create stores a quote, and sends an event.
func (b *backend) Create(ctx context.Context, r *quotespb.CreateRequest) (*quotespb.Quote, error) {
	if r.GetText() == "" {
		return nil, status.Error(codes.InvalidArgument, "the quote has no text")
	}
	q := &quotespb.Quote{Id: rand.Text()[:8], Author: r.GetAuthor(), Text: r.GetText()}
	if err := b.store.add(ctx, q); err != nil {
		return nil, unavailable(ctx, err)
	}
	if err := b.events.created(ctx, q); err != nil {
		return nil, unavailable(ctx, err)
	}
	slog.InfoContext(ctx, "quote created", "quote_id", q.GetId())
	return q, nil
}

// Get returns one quote.
func (b *backend) Get(ctx context.Context, r *quotespb.GetRequest) (*quotespb.Quote, error) {
	q, err := b.store.get(ctx, r.GetId())
	if errors.Is(err, errNoQuote) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	return q, nil
}

// List sends all quotes.
func (b *backend) List(_ *quotespb.ListRequest, stream grpc.ServerStreamingServer[quotespb.Quote]) error {
	quotes, err := b.store.list(stream.Context())
	if err != nil {
		return unavailable(stream.Context(), err)
	}
	for _, q := range quotes {
		if err := stream.Send(q); err != nil {
			return err
		}
	}
	return nil
}

// unavailable logs err, which is an error of the store or of Kafka. The error that unavailable
// returns is for the caller, and contains no details of err.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	slog.ErrorContext(ctx, "backend failed", "error", err)
	return status.Error(codes.Unavailable, "backend failed")
}

// Boom panics, to show how a panic is recorded.
func (b *backend) Boom(context.Context, *quotespb.BoomRequest) (*quotespb.BoomResponse, error) {
	panic("boom: this panic is intended")
}
