package conformance

import "testing"

// Kafka tests that records are seen as they should be where they are sent and
// where they are processed. Each row gets a cluster of its own from cluster, or
// one that others use too.
func Kafka(t *testing.T, client KafkaClient, cluster func(*testing.T) KafkaCluster) {
	t.Helper()
	usual := client.Modes()[0]
	for _, row := range kafkaRows {
		t.Run(row.name, func(t *testing.T) { row.test(t, client, cluster, usual) })
	}
	for _, row := range kafkaModeRows {
		for _, mode := range client.Modes() {
			t.Run(row.name+"/"+mode, func(t *testing.T) { row.test(t, client, cluster, mode) })
		}
	}
}

// kafkaRow is a row of the suite.
type kafkaRow struct {
	name string
	run  func(t *testing.T, s *kafkaSite)
	// needs are abilities of the client.
	needs []KafkaAbility
	// first is whether the library may start what it has one of in a process.
	first bool
	// faults is whether the cluster has to misbehave.
	faults bool
}

func (row kafkaRow) test(t *testing.T, client KafkaClient, newCluster func(*testing.T) KafkaCluster, mode string) {
	t.Helper()
	if !row.first {
		goroutines(t)
	}
	cluster := newCluster(t)
	for _, ability := range row.needs {
		if reason := client.Lacks(ability); reason != "" {
			t.Skipf("no %s: %s", ability, reason)
		}
	}
	if row.faults && cluster.Faults() == nil {
		t.Skip("this cluster does not misbehave at will")
	}
	s := newKafkaSite(t, client, cluster, mode)
	row.run(t, s)
	s.checkNothingLost(t)
}

// kafkaModeRows are those that run in every mode of the client.
var kafkaModeRows = []kafkaRow{
	{name: "join", run: testKafkaJoin},
	{name: "many at once", run: testKafkaMany},
	{name: "rejected", run: testKafkaRejected},
	{name: "not leader", run: testKafkaNotLeader, faults: true},
	{name: "no acknowledgement", run: testKafkaNoAcks},
	{name: "shared headers", run: testKafkaSharedHeaders},
	{name: "sent twice", run: testKafkaSentTwice},
	{name: "closed with records in flight", run: testKafkaClosedInFlight, faults: true},
	{name: "late delivery", run: testKafkaLateDelivery, faults: true},
	{name: "restart", run: testKafkaRestart},
	{name: "silent providers", run: testKafkaSilent},
	{name: "metadata", run: testKafkaMetadata, needs: []KafkaAbility{KafkaOutcomes}},
	{name: "callback", run: testKafkaCallback, needs: []KafkaAbility{KafkaOutcomes}},
}

var kafkaRows = []kafkaRow{
	{name: "first use", run: testKafkaJoin, first: true},
	{name: "opt in", run: testKafkaOptIn},
	{name: "forward", run: testKafkaForward},
	{name: "stale context", run: testKafkaStaleContext},
	{name: "custom creation context", run: testKafkaCreationContext},
	{name: "empty polls", run: testKafkaEmptyPolls, needs: []KafkaAbility{KafkaPolls}},
	{name: "prefetched", run: testKafkaPrefetched},
	{name: "ambient span", run: testKafkaAmbient},
	{name: "ambient span by choice", run: testKafkaAmbientParent},
	{name: "links alone", run: testKafkaLinksOnly},
	{name: "batch", run: testKafkaBatch},
	{name: "batch of 10,000", run: testKafkaLargeBatch},
	{name: "baggage", run: testKafkaBaggage},
	{name: "large baggage read", run: testKafkaLargeBaggage},
	{name: "personal keys and headers", run: testKafkaPersonal},
	{name: "key by choice", run: testKafkaKey},
	{name: "poisoned headers", run: testKafkaPoisoned},
	{name: "headers in the clear", run: testKafkaHeaders},
	{name: "tombstones", run: testKafkaTombstones},
	{name: "early return", run: testKafkaEarlyReturn},
	{name: "rebalance in the handler", run: testKafkaRebalance},
	{name: "transactions", run: testKafkaTransactions, needs: []KafkaAbility{KafkaTransactions}},
	{name: "retry topics", run: testKafkaRetryTopics},
	{name: "outbox", run: testKafkaOutbox},
	{name: "metrics", run: testKafkaMetrics},
	{name: "lag", run: testKafkaLag},
}
