package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
)

var (
	client = &http.Client{Transport: httptrace.Transport(nil), Timeout: 5 * time.Second}
	visits = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "visits_total", Help: "Visits."}, []string{"user"})
)

func visit(w http.ResponseWriter, r *http.Request) {
	id := identity(r)
	recordAll(r, id)
	fmt.Fprintln(w, "hello", id)
}

// create reads a user from JSON, and records all data of the request. The digits in the JSON
// may be escaped.
func create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var user struct{ ID string }
	err = json.Unmarshal(body, &user)
	trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("body", string(body)), attribute.ByteSlice("bytes", body))
	slog.InfoContext(r.Context(), "created from "+string(body), "body", string(body), "raw", json.RawMessage(body), "user", user, "error", err)
	recordAll(r, user.ID)
}

func fail(w http.ResponseWriter, r *http.Request) {
	recordAll(r, identity(r))
	err := problem(r)
	span := trace.SpanFromContext(r.Context())
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
	slog.ErrorContext(r.Context(), err.Error(), "error", err, "quoted", fmt.Sprintf("%q", err.Error()))
	http.Error(w, err.Error(), http.StatusInternalServerError)
	w.WriteHeader(http.StatusOK) // net/http logs the second WriteHeader in the server's ErrorLog
}

// The function fall panics. The value of the panic is an error or a text.
func fall(_ http.ResponseWriter, r *http.Request) {
	recordAll(r, identity(r))
	err := problem(r)
	if r.URL.Query().Has("redirect") {
		panic(err) //nolint:forbidigo // the panic is part of the test
	}
	panic(err.Error()) //nolint:forbidigo // the panic is part of the test
}

// The function call sends two requests. Each of them contains all data of the request r. One
// request goes to this service, and the other goes to an address where no program listens.
func call(w http.ResponseWriter, r *http.Request) {
	for _, host := range []string{os.Getenv("LEAKTEST_ADDRESS"), os.Getenv("LEAKTEST_UNREACHABLE")} {
		target := "http://" + credential(r) + ":" + credential(r) + "@" + host + "/users/" + url.PathEscape(identity(r)) + "?" + r.URL.RawQuery
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, target, nil)
		if err != nil {
			slog.ErrorContext(r.Context(), "not called", "error", err)
			continue
		}
		req.Header = r.Header.Clone()
		resp, err := client.Do(req)
		if err != nil {
			slog.ErrorContext(r.Context(), "no answer from "+target, "error", err, "request", fmt.Sprintf("%+v", req.URL))
			trace.SpanFromContext(r.Context()).RecordError(err)
			continue
		}
		resp.Body.Close()
	}
	w.WriteHeader(http.StatusNoContent)
}

func identity(r *http.Request) string {
	if id := chi.URLParam(r, "id"); id != "" {
		return id
	}
	return r.PathValue("id")
}

func credential(r *http.Request) string { return r.Header.Get("X-Api-Key") }

// The function problem returns an error that looks like an error of an HTTP client. The text of
// the error contains all data of the request.
func problem(r *http.Request) error {
	return fmt.Errorf("no user %s (%s): %w", identity(r), r.RequestURI, &url.Error{
		Op: "Get", URL: "https://user:" + credential(r) + "@" + r.Host + r.RequestURI, Err: errors.New("api_key=" + credential(r) + " is not known"),
	})
}

// recordAll records all data of the request in a span, in logs and in metrics.
func recordAll(r *http.Request, id string) {
	ctx := r.Context()
	full := "https://" + r.Host + r.RequestURI
	statement := "SELECT * FROM users WHERE fnr = '" + id + "'"
	ctx, span := otel.Tracer("leaktest").Start(ctx, "look up "+id,
		trace.WithLinks(trace.LinkFromContext(ctx, attribute.String("of", id))),
		trace.WithAttributes(
			attribute.String("user.id", id), attribute.String(id, "a key"), attribute.StringSlice("ids", []string{"x", id}),
			attribute.Map("map", attribute.String("id", id)), attribute.Slice("slice", attribute.StringValue(id)),
			attribute.String("url.full", full), attribute.String("url.path", r.URL.EscapedPath()), attribute.String("url.query", r.URL.RawQuery),
			attribute.String("http.request.header.referer", r.Referer()), attribute.String("user_agent.original", r.UserAgent()),
			attribute.String("db.system.name", "postgresql"), attribute.String("db.query.text", statement),
			attribute.String("baggage", baggage.FromContext(ctx).String()),
			attribute.String("state", trace.SpanContextFromContext(ctx).TraceState().String()),
		))
	defer span.End()
	span.AddEvent("told of "+id, trace.WithAttributes(attribute.String("uri", r.RequestURI)))

	number, _ := strconv.ParseInt(id, 10, 64) // 0 if id is not a plain number
	slog.InfoContext(ctx, "user "+id+" came by "+r.RequestURI, "path", r.URL.Path, "query", r.URL.RawQuery, "number", number, id, "a key",
		"nested", nest(id), "referer", r.Referer(), "agent", r.UserAgent(),
		slog.Group("request", "uri", r.RequestURI, "url", r.URL, "host", r.Host, "method", r.Method))
	slog.With("user", id).WithGroup(id).WarnContext(ctx, statement, "full", full)
	log.Printf("%s %q %+v", id, r.RequestURI, r.URL.Query().Get("fnr")) //nolint:forbidigo // slog.SetDefault redirects log to slog
	visits.WithLabelValues(id).Inc()
	count(ctx, id)
}

// nest returns a JSON text that contains id. The text is an object, and the object contains
// a string with another JSON text.
func nest(id string) string {
	inner, _ := json.Marshal(map[string]string{"id": id})
	outer, _ := json.Marshal(map[string]string{"inner": string(inner)})
	return string(outer)
}

func count(ctx context.Context, id string) {
	counter, err := otel.Meter("leaktest").Int64Counter("leaktest.visits", metric.WithDescription("Visits."))
	if err == nil {
		counter.Add(ctx, 1, metric.WithAttributes(attribute.String("user", id)))
	}
}
