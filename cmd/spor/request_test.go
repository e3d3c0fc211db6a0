//go:build unix

package main_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup"
)

// The function listen is a service that listens on the address in LISTEN, a while after its
// start. It logs what it receives. It runs until a signal ends it.
func listen() int {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		slog.InfoContext(r.Context(), fmt.Sprintf("got %s %s %s %s %q", r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("X-Team"), body))
	})
	mux.Handle("/moved", http.RedirectHandler("/orders/0", http.StatusFound))
	err := setup.Run(context.Background(), func(ctx context.Context) error {
		<-time.After(200 * time.Millisecond) // spor must wait for the port
		l, err := net.Listen("tcp", os.Getenv("LISTEN"))
		if err != nil {
			return err
		}
		s := &http.Server{Handler: httptrace.Handler(mux), ReadHeaderTimeout: time.Minute}
		go func() { _ = s.Serve(l) }()
		<-ctx.Done()
		return s.Shutdown(context.WithoutCancel(ctx))
	})
	if err != nil {
		return 3
	}
	return 0
}

// The function unused returns a loopback address on which nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestCheckSendsRequests(t *testing.T) {
	address := unused(t)
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := finish(t, spor(t, checking("listens", "--name", "orders", "--env", "LISTEN="+address,
		"--request", "http://"+address+"/orders/1?full=true",
		"--request", address+"/orders/2", "-d", "a=b", "-H", "X-Team: one",
		"--request", address+"/orders/3", "-X", "PUT", "--json", `{"a":1}`,
		"--request", address+"/orders/4", "-H", "Content-Type: text/plain", "-d", "@"+file,
		"--request", address+"/orders/5", "-X", "DELETE",
		"--request", address+"/moved",
	)...))
	if got.code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", got.code, got.stdout)
	}
	for _, want := range []string{
		`got GET /orders/1?full=true   \"\"`,
		`got POST /orders/2 application/x-www-form-urlencoded one \"a=b\"`,
		`got PUT /orders/3 application/json  \"{\\\"a\\\":1}\"`,
		`got POST /orders/4 text/plain  \"from a file\"`,
		`got DELETE /orders/5   \"\"`,
		"spor: GET http://" + address + "/orders/1?full=true: 200 OK\n",
		"spor: PUT http://" + address + "/orders/3: 200 OK\n",
		"spor: GET http://" + address + "/moved: 302 Found\n",
	} {
		if strings.Count(got.stderr, want) != 1 {
			t.Errorf("%q is not in stderr once", want)
		}
	}
	if strings.Contains(got.stderr, "/orders/0") {
		t.Error("a redirect was followed")
	}
	if t.Failed() {
		t.Log(got.stderr)
	}
}

func TestCheckWithoutResponse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	free := unused(t)
	for name, tt := range map[string]struct {
		role, flags string
		code        int
		stderr      string
	}{
		"taken":         {"listens", "--request http://" + busy.Addr().String(), 125, "another program already listens on " + busy.Addr().String()},
		"ended":         {"once", "--request http://" + free + "/a", 1, "spor: GET http://" + free + "/a: the command ended before " + free + " accepted a connection\n"},
		"never listens": {"serves", "--for 500ms --request http://" + free, 1, "the command ended before " + free + " accepted a connection\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, checking(tt.role, append(strings.Fields(tt.flags), "--env", "LISTEN="+free)...)...))
			if got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("exit code %d, want %d; stderr without %q:\n%s", got.code, tt.code, tt.stderr, got.stderr)
			}
		})
	}
}

func TestRequestUsage(t *testing.T) {
	for flags, want := range map[string]string{
		"--request /orders":                              "want a URL such as http://localhost:8080/orders",
		"--request ftp://localhost":                      "want a URL such as http://localhost:8080/orders",
		"-X GET --request http://localhost:1":            `"-X, --method" flag: it must come after the --request that it changes`,
		"-d a --request http://localhost:1":              `"-d, --data" flag: it must come after the --request that it changes`,
		"--request http://localhost:1 -H team":           `"-H, --header" flag: want "Name: value"`,
		"--request http://localhost:1 -d @/no/such/file": "no such file or directory",
		"--request http://localhost:1 -X <>":             `"-X, --method" flag: want a method such as POST`,
		"--request http://localhost:1 -H a<>b:c":         `"-H, --header" flag: want "Name: value"`,
	} {
		t.Run(flags, func(t *testing.T) {
			got := finish(t, spor(t, checking("once", strings.Fields(flags)...)...))
			if got.code != 2 || !strings.Contains(got.stderr, want) || got.stdout != "" {
				t.Errorf("exit code %d, want 2; stderr %q, want %q", got.code, got.stderr, want)
			}
		})
	}
	got := finish(t, spor(t, "check", "--request", "http://localhost:1", "file"))
	if want := "--request needs a command (want: spor check --request URL -- file)"; got.code != 2 || !strings.Contains(got.stderr, want) {
		t.Errorf("exit code %d, want 2; stderr %q, want %q", got.code, got.stderr, want)
	}
}
