package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/grpctrace"
)

// backend is the service that keeps the quotes.
type backend struct {
	quotespb.UnimplementedQuotesServer

	mu     sync.Mutex
	quotes []*quotespb.Quote
}

func newBackend() *grpc.Server {
	server := grpctrace.NewServer(
		grpc.ChainUnaryInterceptor(recoverUnary),
		grpc.ChainStreamInterceptor(recoverStream),
	)
	quotespb.RegisterQuotesServer(server, &backend{})
	return server
}

// Create keeps a quote.
func (b *backend) Create(ctx context.Context, r *quotespb.CreateRequest) (*quotespb.Quote, error) {
	if r.GetText() == "" {
		return nil, status.Error(codes.InvalidArgument, "want a quote with a text")
	}
	q := &quotespb.Quote{Id: rand.Text()[:8], Author: r.GetAuthor(), Text: r.GetText()}
	b.mu.Lock()
	b.quotes = append(b.quotes, q)
	b.mu.Unlock()
	slog.InfoContext(ctx, "quote created", "quote_id", q.GetId())
	return q, nil
}

// Get returns one quote.
func (b *backend) Get(_ context.Context, r *quotespb.GetRequest) (*quotespb.Quote, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.quotes, func(q *quotespb.Quote) bool { return q.GetId() == r.GetId() })
	if i < 0 {
		return nil, status.Error(codes.NotFound, "no such quote")
	}
	return b.quotes[i], nil
}

// List sends every quote.
func (b *backend) List(_ *quotespb.ListRequest, stream grpc.ServerStreamingServer[quotespb.Quote]) error {
	b.mu.Lock()
	quotes := slices.Clone(b.quotes)
	b.mu.Unlock()
	for _, q := range quotes {
		if err := stream.Send(q); err != nil {
			return err
		}
	}
	return nil
}

// Boom shows what a panic looks like.
func (b *backend) Boom(context.Context, *quotespb.BoomRequest) (*quotespb.BoomResponse, error) {
	panic("boom: this is what a panic looks like")
}
