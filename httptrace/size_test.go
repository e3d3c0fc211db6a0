package httptrace_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestSizesOfRequests checks http.client.request.body.size, also for bodies whose length is unknown.
func TestSizesOfRequests(t *testing.T) {
	const size = 5000
	text := strings.Repeat("a", size)
	for name, test := range map[string]struct {
		body   func() io.Reader
		header string
		path   string
		want   int64
	}{
		"none":              {func() io.Reader { return nil }, "", "/", 0},
		"known":             {func() io.Reader { return strings.NewReader(text) }, "", "/", size},
		"unknown":           {func() io.Reader { return io.MultiReader(strings.NewReader(text)) }, "", "/", size},
		"unknown and empty": {func() io.Reader { return io.MultiReader() }, "", "/", 0},
		"expects continue":  {func() io.Reader { return io.MultiReader(strings.NewReader(text)) }, "100-continue", "/", size},
		"retried":           {func() io.Reader { return io.MultiReader(strings.NewReader(text)) }, "", "/retry", size},
		"answered early":    {func() io.Reader { return io.MultiReader(strings.NewReader(text)) }, "", "/early", size},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/early" {
					http.NewResponseController(w).EnableFullDuplex()
					http.NewResponseController(w).Flush()
				}
				io.Copy(io.Discard, r.Body)
			}))
			r, err := http.NewRequestWithContext(t.Context(), "POST", url+test.path, test.body())
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				r.Header.Set("Expect", test.header)
			}
			base := http.DefaultTransport
			if test.path == "/retry" {
				r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(test.body()), nil }
				base = roundTripper(twice)
			}
			if err := exchange(t, httptrace.Transport(base, options(sdk, httptrace.WithOptionalMetrics())...), r); err != nil {
				t.Fatal(err)
			}
			oteltest.Eventually(t, func() bool {
				points := sdk.Bytes(t, "http.client.request.body.size")
				return len(points) == 1 && points[0].Count == 1 && points[0].Sum == test.want
			})
		})
	}
}

// twice sends the first half of the body, and then the whole request again. It closes the first body
// late, as net/http may do.
func twice(r *http.Request) (*http.Response, error) {
	if _, err := io.ReadAll(io.LimitReader(r.Body, 2500)); err != nil {
		return nil, err
	}
	defer r.Body.Close()
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	again := r.Clone(r.Context())
	again.Body = body
	return http.DefaultTransport.RoundTrip(again)
}

// TestStreamDurations checks which responses WithoutStreamDurations removes from the durations.
func TestStreamDurations(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		io.WriteString(w, "data: 1\n\n")
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	})
	mux.HandleFunc("/connect", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/connect+proto")
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	})
	for _, test := range []struct {
		opts []httptrace.Option
		want map[string]uint64 // the number of measured requests per route
	}{
		{nil, map[string]uint64{"/events": 1, "/socket": 1, "/connect": 1, "/json": 1}},
		{[]httptrace.Option{httptrace.WithoutStreamDurations()}, map[string]uint64{"/json": 1}},
		{[]httptrace.Option{httptrace.WithoutStreamDurations(), httptrace.WithoutServerTiming()}, map[string]uint64{"/json": 1}},
	} {
		sdk := oteltest.New(t)
		url := serve(t, httptrace.Handler(mux, options(sdk, test.opts...)...))
		get(t, url+"/events")
		get(t, url+"/socket", "Connection", "Upgrade", "Upgrade", "x")
		get(t, url+"/connect")
		get(t, url+"/json")
		sdk.Wait(t, 4)
		got := map[string]uint64{}
		for _, point := range sdk.Seconds(t, "http.server.request.duration") {
			got[oteltest.Map(point.Attributes.ToSlice())["http.route"]] += point.Count
		}
		if len(got) != len(test.want) {
			t.Errorf("measured %v, want %v", got, test.want)
		}
		for route, n := range test.want {
			if got[route] != n {
				t.Errorf("measured %v, want %v", got, test.want)
			}
		}
	}
}
