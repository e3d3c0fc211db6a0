//go:build integration

package integration

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRequestBesideACollector measures the duration of requests to quotes, for each
// state of the collector. The runs with different states take turns. For each state, the
// benchmark calculates the 99th percentile. For the working collector, it reports this
// percentile. For each other state, it reports the percentile divided by the percentile of the
// working collector. Run the benchmark with -benchtime 1x on an idle machine.
func BenchmarkRequestBesideACollector(b *testing.B) {
	const runs = 5
	states := []string{"live", "unresolvable", "refused", "silent", "dying"}
	for b.Loop() {
		p99 := map[string][]time.Duration{}
		for range runs {
			for _, state := range states {
				p99[state] = append(p99[state], requestP99(b, state))
			}
		}
		live := median(p99["live"])
		b.ReportMetric(float64(live.Microseconds()), "µs/live")
		for _, state := range states[1:] {
			b.ReportMetric(float64(median(p99[state]))/float64(live), "ratio/"+state)
		}
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// requestP99 runs quotes with a collector in the given state. It returns the 99th percentile
// of the durations of the requests.
func requestP99(b *testing.B, state string) time.Duration {
	b.Helper()
	endpoint, after := collectorIn(b, state)
	q := newQuotes(b, endpoint)
	address := closedPort(b)
	q.cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_BSP_SCHEDULE_DELAY=200",
		"PORT="+address[strings.LastIndexByte(address, ':')+1:])
	if err := q.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	awaitServing(b, address)
	times := paced(b, address, 400, 3*time.Second, after)
	if err := q.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := q.cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, &q.stderr)
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

// collectorIn returns the endpoint of a collector in the given state. The caller must call
// the function halfWay in the middle of the run.
func collectorIn(b *testing.B, state string) (endpoint string, halfWay func()) {
	b.Helper()
	nothing := func() {}
	switch state {
	case "live":
		return listen(b, ":0").Endpoint(), nothing
	case "dying":
		c := listen(b, ":0")
		return c.Endpoint(), c.Stop
	case "refused":
		return "http://" + closedPort(b), nothing
	case "silent":
		return "http://" + blackHole(b), nothing
	}
	return "http://collector.invalid:4317", nothing
}

// The function paced sends requests at a fixed rate, from four clients. It returns the duration
// of each request.
func paced(tb testing.TB, address string, perSecond int, length time.Duration, halfWay func()) []time.Duration {
	tb.Helper()
	const clients = 4
	var mu sync.Mutex
	var all []time.Duration
	var wait sync.WaitGroup
	end := time.Now().Add(length)
	for range clients {
		wait.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			tick := time.NewTicker(time.Second * clients / time.Duration(perSecond))
			defer tick.Stop()
			var times []time.Duration
			for time.Now().Before(end) {
				<-tick.C
				begin := time.Now()
				resp, err := client.Get(fmt.Sprintf("http://%s/quotes/unknown", address))
				if err != nil {
					tb.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				times = append(times, time.Since(begin))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
		})
	}
	timer := time.AfterFunc(length/2, halfWay)
	defer timer.Stop()
	wait.Wait()
	return all
}
