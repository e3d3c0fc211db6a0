//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestNothingGetsOut sends ten thousand requests to a service that records all data of its
// requests. Each request contains three personal numbers and a credential, in the path, the
// query, the headers or the body. The test checks that no personal number and no credential is
// exported.
func TestNothingGetsOut(t *testing.T) {
	const requests, clients = 10_000, 8
	s := newSeeds()
	c := listen(t, ":0")
	address := closedPort(t)
	leaktest := program(t, "leaktest")
	var stdout, stderr bytes.Buffer
	leaktest.Stdout, leaktest.Stderr = &stdout, &stderr
	leaktest.Env = append(os.Environ(),
		"LEAKTEST_ADDRESS="+address, "LEAKTEST_UNREACHABLE="+closedPort(t),
		"LEAKTEST_LAST_WORDS=I knew "+s.number()+" of https://u:"+s.credential()+"@h/?sig="+s.credential(),
		"OTEL_SERVICE_NAME=leaktest", "OTEL_RESOURCE_ATTRIBUTES=team="+s.number(), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.Endpoint(),
		"OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_BSP_MAX_QUEUE_SIZE=65536", "OTEL_METRIC_EXPORT_INTERVAL=10000",
		"OTEL_LOGS_EXPORTER=otlp", "OTEL_BLRP_MAX_QUEUE_SIZE=65536", "OTEL_BLRP_SCHEDULE_DELAY=50",
	)
	if err := leaktest.Start(); err != nil {
		t.Fatal(err)
	}
	awaitServing(t, address)
	work := make(chan *http.Request, 100)
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() { send(t, work) })
	}
	for i := range requests {
		work <- request(t, s, i, address)
	}
	close(work)
	wait.Wait()
	if err := leaktest.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := leaktest.Wait(); err == nil || leaktest.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v, want exit code 1, because the service ends with a panic", err)
	}

	for from, text := range map[string][]byte{"stdout": stdout.Bytes(), "stderr": stderr.Bytes(), "collector": c.receivedBytes()} {
		leaks := s.leaks(text)
		for _, leak := range leaks[:min(len(leaks), 20)] {
			t.Errorf("%s: %s", from, leak)
		}
		t.Logf("%s: %d bytes, %d masks, %d seeds", from, len(text), bytes.Count(text, []byte("***********")), len(leaks))
	}
	// Check that the service really logged something for each request. Otherwise the check above
	// would prove nothing.
	reported := map[string]bool{}
	for _, tag := range tags.FindAllString(stdout.String(), -1) {
		reported[tag] = true
	}
	for i := range requests {
		if i%len(targets) != nowhere && !reported[tag(i)] {
			t.Errorf("%s is not in the log", tag(i))
		}
	}
	for _, want := range []string{"http: panic serving", "http: superfluous response.WriteHeader", "the program panicked", "connection refused"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in the log", want)
		}
	}
	if c.records < 2*requests {
		t.Errorf("received %d log records, want at least two per request", c.records)
	}
	if got := len(c.received()); got < 2*requests {
		t.Errorf("received %d spans, want at least two per request", got)
	}
}

func send(t *testing.T, requests <-chan *http.Request) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for r := range requests {
		resp, err := client.Do(r)
		switch {
		case err == nil:
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		case !strings.Contains(r.URL.Path, "/panic/"):
			t.Error(err)
		}
	}
}

// The variable targets lists the methods and paths of the requests. %s stands for a personal
// number.
var targets = []string{
	"GET /users/%s", "GET /chi/users/%s", "GET /fail/%s", "GET /chi/fail/%s", "GET /panic/%s", "GET /chi/panic/%s",
	"GET /call/%s", "GET /chi/call/%s", "POST /users", "POST /chi/users", "GET /nowhere/%s",
}

// The constant nowhere is an index of targets. The path at this index has no handler, so the
// service logs nothing for requests with this path.
const nowhere = 10

func tag(i int) string { return fmt.Sprintf("request-%d.", i) }

var tags = regexp.MustCompile(`request-[0-9]+\.`)

func request(t *testing.T, s *seeds, i int, address string) *http.Request {
	t.Helper()
	round := i / len(targets) // each round uses the next form of the seeds
	method, path, _ := strings.Cut(targets[i%len(targets)], " ")
	inURL, inHeader, asked, credential := s.number(), s.number(), s.number(), s.credential()
	if strings.Contains(path, "%s") {
		path = fmt.Sprintf(path, inPath[round%len(inPath)](inURL))
	}
	if round%5 == 0 && method == http.MethodGet {
		path += ";jsessionid=" + credential
	}
	query := withCredential[round%len(withCredential)](credential, inQuery[round%len(inQuery)](asked))
	body := fmt.Sprintf(`{"ID":"%s","tag":"%s"}`, inJSON[round%len(inJSON)](inURL), tag(i))
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+address+path+"?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = inHeader + ".example.com"
	for name, value := range map[string]string{
		"User-Agent":      tag(i) + " for " + inHeader,
		"Referer":         "https://u:" + credential + "@" + inHeader + ".example.com/" + asked + "?refresh_token=" + credential,
		"X-Forwarded-For": inHeader,
		"Forwarded":       "for=" + inHeader,
		"Authorization":   "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+credential)),
		"X-Api-Key":       credential,
		"Cookie":          "session=" + credential + "; fnr=" + inHeader,
		"Traceparent":     fmt.Sprintf("00-a%031d-b%015d-01", i+1, i+1),
		"Tracestate":      "nav=" + inHeader,
		"Baggage":         "user=" + inHeader,
	} {
		r.Header.Set(name, value)
	}
	return r
}
