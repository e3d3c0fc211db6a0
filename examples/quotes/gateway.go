package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/httptrace"
)

// quote is a quote in the JSON that the gateway reads and writes.
type quote struct {
	ID     string `json:"id"`
	Author string `json:"author"`
	Text   string `json:"text"`
}

func quoteOf(q *quotespb.Quote) quote {
	return quote{ID: q.GetId(), Author: q.GetAuthor(), Text: q.GetText()}
}

// gateway is the service that users call. It calls the backend and the worker.
type gateway struct {
	conn       *grpc.ClientConn
	quotes     quotespb.QuotesClient
	worker     *http.Client
	statistics string // the URL of the worker's statistics
}

func newGateway(backend, worker string) (*gateway, error) {
	conn, err := grpctrace.NewClient(backend, append(
		// NotFound means that the quote does not exist. This is not an error.
		grpctrace.DialOptions(grpctrace.WithExpectedCodes(codes.NotFound)),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)...)
	if err != nil {
		return nil, err
	}
	return &gateway{
		conn: conn, quotes: quotespb.NewQuotesClient(conn),
		worker:     &http.Client{Transport: httptrace.Transport(&http.Transport{}), Timeout: backendTimeout},
		statistics: "http://" + worker + "/statistics",
	}, nil
}

func (g *gateway) close() {
	g.worker.CloseIdleConnections()
	if err := g.conn.Close(); err != nil {
		slog.Error("connection to the backend was not closed", "error", err)
	}
}

func (g *gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /quotes", g.create)
	mux.HandleFunc("GET /quotes", g.list)
	mux.HandleFunc("GET /quotes/{id}", g.get)
	mux.HandleFunc("GET /statistics", g.authors)
	mux.HandleFunc("/boom", g.boom)
	mux.HandleFunc("GET /internal/isalive", alive)
	mux.HandleFunc("GET /internal/isready", alive)
	return httptrace.Handler(mux)
}

// backendTimeout is the timeout of a call to the backend.
const backendTimeout = 10 * time.Second

func (g *gateway) create(w http.ResponseWriter, r *http.Request) {
	var q quote
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q); err != nil {
		http.Error(w, "the body is not a quote in JSON", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), backendTimeout)
	defer cancel()
	created, err := g.quotes.Create(ctx, &quotespb.CreateRequest{Author: q.Author, Text: q.Text})
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, r, http.StatusCreated, quoteOf(created))
}

func (g *gateway) get(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), backendTimeout)
	defer cancel()
	found, err := g.quotes.Get(ctx, &quotespb.GetRequest{Id: r.PathValue("id")})
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, r, http.StatusOK, quoteOf(found))
}

func (g *gateway) list(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), backendTimeout)
	defer cancel()
	stream, err := g.quotes.List(ctx, &quotespb.ListRequest{})
	if err != nil {
		refuse(w, r, err)
		return
	}
	quotes := []quote{}
	for {
		q, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			refuse(w, r, err)
			return
		}
		quotes = append(quotes, quoteOf(q))
	}
	answer(w, r, http.StatusOK, quotes)
}

// authors gets the number of quotes of each author from the worker, and returns these numbers to
// the user.
func (g *gateway) authors(w http.ResponseWriter, r *http.Request) {
	counts, err := g.askWorker(r.Context())
	if err != nil {
		slog.ErrorContext(r.Context(), "worker failed", "error", err)
		http.Error(w, "worker failed", http.StatusBadGateway)
		return
	}
	answer(w, r, http.StatusOK, counts)
}

func (g *gateway) askWorker(ctx context.Context) (counts map[string]int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.statistics, nil)
	if err != nil {
		return nil, err
	}
	resp, err := g.worker.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New("worker answered " + resp.Status)
	}
	return counts, json.NewDecoder(resp.Body).Decode(&counts)
}

func (g *gateway) boom(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), backendTimeout)
	defer cancel()
	if _, err := g.quotes.Boom(ctx, &quotespb.BoomRequest{}); err != nil {
		refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// The function refuse writes an error response. It chooses the status of the response from err,
// which is an error of the backend.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch s := status.Convert(err); s.Code() {
	case codes.InvalidArgument:
		http.Error(w, s.Message(), http.StatusBadRequest)
	case codes.NotFound:
		http.Error(w, s.Message(), http.StatusNotFound)
	default:
		slog.ErrorContext(r.Context(), "backend failed", "error", err)
		http.Error(w, "backend failed", http.StatusBadGateway)
	}
}

func answer(w http.ResponseWriter, r *http.Request, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.WarnContext(r.Context(), "response was not written", "error", err)
	}
}

// The function alive answers the probes. Their paths are in nais.yaml.
func alive(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
