// Package shortjob_test runs jobs that end before the first export of metrics, against a real
// OTLP receiver.
package shortjob_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/nais/spor/internal/receiver"
)

// TestMain usually runs the tests. If the variable CHILD is set, TestMain runs the job with that
// name.
func TestMain(m *testing.M) {
	if run, found := jobs[os.Getenv("CHILD")]; found {
		os.Exit(job(run))
	}
	os.Exit(m.Run())
}

// A collector stores the points that it receives: the value of each series of a metric.
type collector struct {
	*receiver.Server

	mu     sync.Mutex
	points map[string]map[string]int64
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{points: map[string]map[string]int64{}}
	server, err := receiver.Listen("127.0.0.1:0", receiver.Sink{Metrics: c.take})
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	t.Cleanup(server.Stop)
	return c
}

func (c *collector) take(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				for _, p := range append(m.GetSum().GetDataPoints(), m.GetGauge().GetDataPoints()...) {
					c.add(m.GetName(), p)
				}
			}
		}
	}
	return nil, nil
}

func (c *collector) add(name string, p *metricspb.NumberDataPoint) {
	if c.points[name] == nil {
		c.points[name] = map[string]int64{}
	}
	var values []string
	for _, attr := range p.GetAttributes() {
		values = append(values, attr.GetValue().GetStringValue())
	}
	c.points[name][strings.Join(values, " ")] = p.GetAsInt()
}

func (c *collector) got(name string) map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.points[name]
}

// runJob runs a job as a child process, and waits until it has ended.
func runJob(t *testing.T, name string, c *collector, pairs ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "NAIS_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(append(cmd.Env, "CHILD="+name, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.Endpoint(), "OTEL_TRACES_EXPORTER=none"), pairs...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestPoolOfShortJob checks that the last values of a pool are part of the last export. A pool
// that is closed has had one idle connection.
func TestPoolOfShortJob(t *testing.T) {
	for name, pool := range map[string]string{"sqltrace": "sqlite", "pgxtrace": "127.0.0.1:5433/shop"} {
		t.Run(name, func(t *testing.T) {
			c := collect(t)
			runJob(t, name, c)
			for metric, want := range map[string]map[string]int64{
				"db.client.connection.count":  {pool + " idle": 1, pool + " used": 0},
				"db.client.connections.usage": {pool + " idle": 1, pool + " used": 0},
				"db.client.connections.max":   {pool: 7},
			} {
				if got := c.got(metric); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: got %v, want %v", metric, got, want)
				}
			}
		})
	}
}

// TestLagOfShortJob checks that the last lag of a consumer that was closed is part of the last
// export. The consumer has got at least 4 of 10 records.
func TestLagOfShortJob(t *testing.T) {
	for _, name := range []string{"kgotrace", "saramatrace", "kafkagotrace"} {
		t.Run(name, func(t *testing.T) {
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "quotes"))
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("quotes"))
			if err != nil {
				t.Fatal(err)
			}
			defer producer.Close()
			for i := range 10 {
				if err := producer.ProduceSync(t.Context(), kgo.StringRecord(strconv.Itoa(i))).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			c := collect(t)
			runJob(t, name, c, broker+"="+cluster.ListenAddrs()[0])
			got := c.got("kafka.consumer.records_lag_max")
			if len(got) != 1 {
				t.Fatalf("got %v, want the lag of one partition", got)
			}
			for of, lag := range got {
				if lag < 6 || lag > 10 {
					t.Errorf("%s: the lag is %d, want 6 to 10", of, lag)
				}
			}
		})
	}
}
