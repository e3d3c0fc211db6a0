package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/XSAM/otelsql"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	_ "modernc.org/sqlite" // registers the driver
)

const topic = "team.orders"

// The type service has the servers of the program. It also has the clients that these servers
// use.
type service struct {
	db      *sql.DB
	broker  *kfake.Cluster
	kafka   *kgo.Client
	tracer  *kotel.Tracer
	rpc     *grpc.Server
	backend testgrpc.TestServiceClient
	web     *httptest.Server
}

func newService(ctx context.Context) (*service, error) {
	s := &service{tracer: kotel.NewTracer()}
	var err error
	s.db, err = otelsql.Open("sqlite", ":memory:", otelsql.WithAttributes(semconv.DBSystemNameKey.String("sqlite")))
	if err != nil {
		return nil, err
	}
	if _, err = otelsql.RegisterDBStatsMetrics(s.db, otelsql.WithAttributes(semconv.DBSystemNameKey.String("sqlite"))); err != nil {
		return nil, err
	}
	if _, err = s.db.ExecContext(ctx, "CREATE TABLE orders (id TEXT)"); err != nil {
		return nil, err
	}
	if s.broker, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic)); err != nil {
		return nil, err
	}
	s.kafka, err = kgo.NewClient(
		kgo.SeedBrokers(s.broker.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.WithHooks(kotel.NewKotel(kotel.WithTracer(s.tracer), kotel.WithMeter(kotel.NewMeter())).Hooks()...),
	)
	if err != nil {
		return nil, err
	}
	if err = s.startRPC(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", s.order)
	mux.HandleFunc("GET /boom", boom)
	s.web = httptest.NewServer(otelhttp.NewHandler(mux, "server"))
	return s, nil
}

func (s *service) startRPC() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // there is no context at the start
	if err != nil {
		return err
	}
	s.rpc = grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler()))
	testgrpc.RegisterTestServiceServer(s.rpc, interop.NewTestServer())
	go func() { _ = s.rpc.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
	s.backend = testgrpc.NewTestServiceClient(conn)
	return err
}

func (s *service) close() {
	s.web.Close()
	s.rpc.Stop()
	s.kafka.Close()
	s.broker.Close()
	_ = s.db.Close()
}

// The method order handles one order: it uses the database, gRPC and Kafka.
func (s *service) order(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	slog.Info("order", "id", r.PathValue("id"))
	tellOf(ctx, os.Getenv("BYHAND_IDENT"))
	_, err := s.db.ExecContext(ctx, "INSERT INTO orders (id) VALUES (?)", r.PathValue("id"))
	_, called := s.backend.EmptyCall(ctx, &testgrpc.Empty{})
	sent := s.kafka.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("order")}).FirstErr()
	if err = errors.Join(err, called, sent); err != nil {
		slog.Error("order failed", "error", err)
		http.Error(w, "order failed", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "ordered")
}

func tellOf(ctx context.Context, ident string) {
	if ident == "" {
		return
	}
	trace.SpanFromContext(ctx).SetAttributes(semconv.UserID(ident))
	slog.Info("order for "+ident, "ident", ident)
}

func boom(w http.ResponseWriter, _ *http.Request) {
	slog.Error("boom")
	http.Error(w, "boom", http.StatusInternalServerError)
}

// The method round acts for other programs: it sends requests to the service, and reads the Kafka
// topic of the service.
func (s *service) round(ctx context.Context) error {
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	for _, path := range []string{"/orders/one", "/orders/two", "/boom"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.web.URL+path, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
	}
	for got := 0; got < 2; {
		fetches := s.kafka.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			_, span := s.tracer.WithProcessSpan(r)
			span.End()
			got++
		})
	}
	return nil
}
