// Grpc is a gRPC server or a gRPC client. Without an argument, the program is a server. If the
// argument is the address of a server, the program is a client that calls this server.
//
//	spor run -- go run ./grpc
//	spor run -- go run ./grpc localhost:8080
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/setup"
)

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	err := error(nil)
	if len(os.Args) > 1 {
		err = setup.Run(context.Background(), ask, setup.WithRootSpan("ask for a quote"))
	} else {
		err = setup.Run(context.Background(), serve)
	}
	if err != nil {
		os.Exit(1)
	}
}

// serve answers calls until SIGTERM. It then waits until all open calls have ended.
func serve(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cmp.Or(os.Getenv("BIND_ADDRESS"), ":8080"))
	if err != nil {
		return err
	}
	server := grpctrace.NewServer()
	quotespb.RegisterQuotesServer(server, quotes{})
	context.AfterFunc(ctx, server.GracefulStop)
	return server.Serve(listener)
}

type quotes struct {
	quotespb.UnimplementedQuotesServer
}

func (quotes) Get(ctx context.Context, r *quotespb.GetRequest) (*quotespb.Quote, error) {
	slog.InfoContext(ctx, "asked", "id", r.GetId()) // the log line has trace_id and span_id
	if r.GetId() != "1" {
		return nil, status.Error(codes.NotFound, "the only quote has the id 1")
	}
	return &quotespb.Quote{Id: "1", Author: "Grace Hopper", Text: "It's easier to ask forgiveness than it is to get permission."}, nil
}

// ask calls a server. The first argument of the program is the address of the server.
func ask(ctx context.Context) (err error) {
	conn, err := grpctrace.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	quote, err := quotespb.NewQuotesClient(conn).Get(ctx, &quotespb.GetRequest{Id: "1"}, grpc.WaitForReady(true))
	slog.InfoContext(ctx, "answered", "quote", quote.GetText())
	return err
}
