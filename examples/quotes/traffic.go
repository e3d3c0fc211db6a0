package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// The variable people is the HTTP client that acts for the users of the service. This client is
// not traced.
var people = &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}

// lightTraffic sends one round of requests per second until ctx ends.
func lightTraffic(ctx context.Context, url string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := round(ctx, url); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "a request did not get the expected answer", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// The function round sends one request of each kind.
func round(ctx context.Context, url string) error {
	defer people.CloseIdleConnections()
	var created quote
	body, err := request(ctx, http.MethodPost, url+"/quotes", `{"author":"Ibsen","text":"Take the life-lie away from the average man."}`, http.StatusCreated)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &created); err != nil {
		return err
	}
	for _, r := range []struct {
		path string
		want int
	}{
		{"/quotes/" + created.ID, http.StatusOK},
		{"/quotes", http.StatusOK},
		{"/statistics", http.StatusOK},
		{"/quotes/unknown", http.StatusNotFound},
		{"/nowhere", http.StatusNotFound},
		{"/boom", http.StatusBadGateway},
		{"/internal/isalive", http.StatusOK},
		{"/internal/isready", http.StatusOK},
	} {
		if _, err := request(ctx, http.MethodGet, url+r.path, "", r.want); err != nil {
			return err
		}
	}
	return nil
}

// The function request sends one request and returns the body of the response. If the status of
// the response is not want, it returns an error.
func request(ctx context.Context, method, url, body string, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := people.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: status %d (want %d)", method, url, resp.StatusCode, want)
	}
	return io.ReadAll(resp.Body)
}
