package stock_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
)

// TestGoogle checks the spans of Google's clients. The clients keep their real host names. The
// dialler of the default transport, which they copy, leads them to a local server.
func TestGoogle(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"name":"a"}`)
	}))
	defer s.Close()
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	local := before.(*http.Transport).Clone()
	local.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the server is local
	local.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	http.DefaultTransport = local
	e := export(t, func(ctx context.Context) {
		buckets, err := storage.NewClient(ctx, option.WithoutAuthentication())
		if err != nil {
			t.Fatal(err)
		}
		defer buckets.Close()
		if _, err := buckets.Bucket("b").Attrs(ctx); err != nil {
			t.Error(err)
		}
		w := buckets.Bucket("b").Object("o").NewWriter(ctx)
		fmt.Fprint(w, "text")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		tables, err := bigquery.NewClient(ctx, "project", option.WithoutAuthentication())
		if err != nil {
			t.Fatal(err)
		}
		defer tables.Close()
		if _, err := tables.Dataset("d").Metadata(ctx); err != nil {
			t.Error(err)
		}
	})
	peers := map[string]int{}
	for _, span := range e.spans {
		for _, a := range span.GetAttributes() {
			if a.GetKey() == "peer.service" {
				peers[span.GetName()+" "+a.GetValue().GetStringValue()]++
			}
		}
	}
	if want := "map[GET bigquery@googleapis:1 GET storage@googleapis:1 POST storage@googleapis:1]"; fmt.Sprint(peers) != want {
		t.Errorf("got %v, want %s", peers, want)
	}
	e.mustLight(t, "Operations: outbound", "Dependencies and service map")
	e.mustDarken(t)
}
