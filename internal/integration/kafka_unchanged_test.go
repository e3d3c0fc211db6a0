package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/internal/oteltest"
)

// TestKafkaClientsAreThemselves checks that spor does not change what a client does. Each
// client runs once with spor and once without spor. The broker causes the same faults in both
// runs. The program must get the same results in the same order in both runs, and the topics
// must have the same records.
func TestKafkaClientsAreThemselves(t *testing.T) {
	for name, clients := range map[string][2]kafkasuite.Client{
		"sarama":   {saramaClient{bare: true}, saramaClient{}},
		"kafka-go": {kafkaGo{bare: true}, kafkaGo{}},
	} {
		for _, mode := range clients[0].Modes() {
			t.Run(name+" "+mode, func(t *testing.T) {
				without, with := faulted(t, clients[0], mode), faulted(t, clients[1], mode)
				if !slices.Equal(without, with) {
					t.Errorf("without spor:\n%s\nwith spor:\n%s", strings.Join(without, "\n"), strings.Join(with, "\n"))
				}
				if !strings.Contains(strings.Join(with, "\n"), "failed") {
					t.Error("nothing failed")
				}
			})
		}
	}
}

// The function faulted sends records and returns the results. One record is refused by the
// broker at first, and is accepted later. Another record is refused every time.
func faulted(t *testing.T, client kafkasuite.Client, mode string) (seen []string) {
	t.Helper()
	cluster := fakeCluster(t)
	cluster.CreateTopic(t, "orders", 1, nil)
	cluster.CreateTopic(t, "small", 1, map[string]string{"max.message.bytes": "500"})
	sdk := oteltest.New(t)
	p := client.Producer(t, kafkasuite.Producing{
		Brokers: cluster.Brokers(), TLS: cluster.TLS(), Mode: mode, Options: kafkaOptions(sdk),
	})
	send := func(i int, r *kafkasuite.Record) {
		r.Metadata = &i
		r.Headers = []kafkasuite.Header{{Key: "type", Value: []byte("created")}}
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		reported := make(chan string, 2)
		p.Start(ctx, r, func(_ context.Context, got kafkasuite.Record, err error) {
			reported <- fmt.Sprintf("%d: own %t, %s, %q, %s", i, got.Metadata == any(&i), got.Topic, got.Headers, verdict(got, err))
		})
		seen = append(seen, <-reported)
	}
	for i := range 9 {
		r := &kafkasuite.Record{Topic: "orders", Key: fmt.Append(nil, i), Value: fmt.Append(nil, "value ", i)}
		switch i {
		case 3:
			cluster.Faults().NotLeader("orders", 3)
		case 5:
			r.Topic, r.Value = "small", noise()
		}
		send(i, r)
	}
	p.Close()
	for _, r := range cluster.Read(t, "orders") {
		own := slices.DeleteFunc(r.Headers, func(h kafkasuite.Header) bool { return h.Key == "traceparent" })
		seen = append(seen, fmt.Sprintf("%d %d %q %q %q", r.Partition, r.Offset, r.Key, r.Value, own))
	}
	return seen
}

func verdict(r kafkasuite.Record, err error) string {
	if err != nil {
		return fmt.Sprintf("failed %T %v, unwraps to %T", err, err, errors.Unwrap(err))
	}
	return fmt.Sprintf("at %d %d", r.Partition, r.Offset)
}

// The function noise returns 2,000 bytes that compression does not make shorter.
func noise() []byte {
	var b bytes.Buffer
	for i := range 2000 {
		b.WriteByte(byte(i * i >> 3))
	}
	return b.Bytes()
}
