package kafkasuite

import (
	"context"
	"maps"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
)

var metricNames = []string{
	"messaging.client.operation.duration", "messaging.process.duration",
	"messaging.client.sent.messages", "messaging.client.consumed.messages",
	"kafka.producer.records_sent_total", "kafka.producer.record_send_total",
	"kafka.consumer.records_consumed_total", "kafka.consumer.records_lag_max",
}

// sums returns two numbers for one counter and one topic: the sum of all values, and the
// number of series.
func sums(t *testing.T, s conformance.Side, name, topic string) (total int64, series int) {
	t.Helper()
	sum, _ := s.Metric(t, name).(metricdata.Sum[int64])
	for _, p := range sum.DataPoints {
		attrs := oteltest.Map(p.Attributes.ToSlice())
		if attrs[topicKey(attrs)] == topic {
			total, series = total+p.Value, series+1
		}
	}
	return total, series
}

func topicKey(attrs map[string]string) string {
	if _, found := attrs["topic"]; found {
		return "topic"
	}
	return "messaging.destination.name"
}

// testMetrics sends and processes two records, and sends one record that the broker refuses.
// It checks the metrics of all three records.
func testMetrics(t *testing.T, s *site) {
	p := s.producer(t, Producing{})
	s.send(t, p, "one", "two")
	large := s.tooLarge(t)
	if err := p.Send(conformance.Within(t), large); err == nil {
		t.Fatal("a record that is too large was sent")
	}
	s.process(t, s.topic, 2, nil)
	s.consuming.Wait(t, 2)
	for _, want := range []struct {
		side        conformance.Side
		name, topic string
		total       int64
	}{
		{s.producing, "kafka.producer.records_sent_total", s.topic, 2},
		{s.producing, "kafka.producer.record_send_total", s.topic, 2},
		{s.producing, "kafka.producer.records_sent_total", large.Topic, 0},
		{s.producing, "messaging.client.sent.messages", s.topic, 2},
		{s.producing, "messaging.client.sent.messages", large.Topic, 1},
		{s.consuming, "kafka.consumer.records_consumed_total", s.topic, 2},
		{s.consuming, "messaging.client.consumed.messages", s.topic, 2},
	} {
		total, series := sums(t, want.side, want.name, want.topic)
		if total != want.total || series > 1 {
			t.Errorf("%s of %s is %d in %d series, want %d in at most one", want.name, want.topic, total, series, want.total)
		}
	}
	checkDuration(t, s.producing, "messaging.client.operation.duration", 2, map[string]string{
		"messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send", "messaging.destination.name": s.topic,
	})
	checkDuration(t, s.producing, "messaging.client.operation.duration", 1, map[string]string{
		"messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send", "messaging.destination.name": large.Topic,
		"error.type": "MESSAGE_TOO_LARGE",
	})
	checkDuration(t, s.consuming, "messaging.process.duration", 2, map[string]string{
		"messaging.system": "kafka", "messaging.operation.name": "process", "messaging.operation.type": "process", "messaging.destination.name": s.topic,
		"messaging.consumer.group.name": s.group,
	})
}

// checkDuration checks that there is a series with exactly the attributes in want, and that
// the series has n measurements.
func checkDuration(t *testing.T, s conformance.Side, name string, n uint64, want map[string]string) {
	t.Helper()
	for _, p := range s.Seconds(t, name) {
		if maps.Equal(oteltest.Map(p.Attributes.ToSlice()), want) {
			if p.Count != n {
				t.Errorf("%s has %d measurements with %v, want %d", name, p.Count, want, n)
			}
			return
		}
	}
	t.Errorf("%s has no series with %v: %+v", name, want, s.Seconds(t, name))
}

// testLag checks the lag of a consumer that starts after 50 records were written. It checks
// the lag at the first record, at the last record, and after the consumer was closed.
func testLag(t *testing.T, s *site) {
	const n = 50
	s.write(t, n)
	c := s.consumer(t, s.topic)
	ctx, stop := context.WithCancel(conformance.Within(t))
	defer stop()
	var first, last, handled int64
	if err := c.Run(ctx, func(context.Context, Record) error {
		if handled++; handled == 1 {
			first = s.lag(t)
		}
		if handled == n {
			s.lag(t) // returns the greatest lag since the previous call
			last = s.lag(t)
			stop()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if first < 0 || first > n {
		t.Errorf("the lag at the first record is %d, want 0 to %d", first, n)
	}
	if last != 0 {
		t.Errorf("the lag at the last record is %d, want 0", last)
	}
	c.Close()
	s.lag(t) // a closed consumer reports its last lag once
	if gone := s.lag(t); gone != -1 {
		t.Errorf("a closed consumer has the lag %d, want none", gone)
	}
}
