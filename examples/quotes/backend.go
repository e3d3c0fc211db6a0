package main

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/nais/spor/httptrace/chitrace"
)

// quote is what somebody said.
type quote struct {
	ID     string `json:"id"`
	Author string `json:"author"`
	Text   string `json:"text"`
}

// backend is the service that keeps the quotes.
type backend struct {
	mu     sync.Mutex
	quotes []quote
}

func newBackend() *backend { return &backend{} }

func (b *backend) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(chitrace.Middleware())
	r.Post("/quotes", b.create)
	r.Get("/quotes", b.list)
	r.Get("/quotes/{id}", b.get)
	r.HandleFunc("/boom", boom)
	r.Get("/internal/isalive", alive)
	r.Get("/internal/isready", alive)
	return r
}

func (b *backend) create(w http.ResponseWriter, r *http.Request) {
	var q quote
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q); err != nil || q.Text == "" {
		http.Error(w, "want a quote with a text, as JSON", http.StatusBadRequest)
		return
	}
	q.ID = rand.Text()[:8]
	b.mu.Lock()
	b.quotes = append(b.quotes, q)
	b.mu.Unlock()
	slog.InfoContext(r.Context(), "quote created", "quote_id", q.ID)
	answer(w, r, http.StatusCreated, q)
}

func (b *backend) get(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	b.mu.Lock()
	i := slices.IndexFunc(b.quotes, func(q quote) bool { return q.ID == id })
	var found quote
	if i >= 0 {
		found = b.quotes[i]
	}
	b.mu.Unlock()
	if i < 0 {
		http.Error(w, "no such quote", http.StatusNotFound)
		return
	}
	answer(w, r, http.StatusOK, found)
}

func (b *backend) list(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	quotes := slices.Clone(b.quotes)
	b.mu.Unlock()
	answer(w, r, http.StatusOK, quotes)
}

// boom shows what a panic looks like.
func boom(http.ResponseWriter, *http.Request) { panic("boom: this is what a panic looks like") }

func answer(w http.ResponseWriter, r *http.Request, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.WarnContext(r.Context(), "answer was cut off", "error", err)
	}
}
