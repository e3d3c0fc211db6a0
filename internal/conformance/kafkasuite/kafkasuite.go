// Package kafkasuite contains the tests that every adapter for a Kafka client must pass.
package kafkasuite

import "testing"

// Run tests the spans and metrics that an adapter records when records are sent and
// processed. Run calls the function cluster once per test. The function may return a new
// cluster each time, or the same cluster for several tests.
func Run(t *testing.T, client Client, cluster func(*testing.T) Cluster) {
	t.Helper()
	usual := client.Modes()[0]
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { row.test(t, client, cluster, usual) })
	}
	for _, row := range modeRows {
		for _, mode := range client.Modes() {
			t.Run(row.name+"/"+mode, func(t *testing.T) { row.test(t, client, cluster, mode) })
		}
	}
}

type row struct {
	name  string
	run   func(t *testing.T, s *site)
	needs []Ability
	// first is true if the test is the first use of the library. At their first use, some
	// libraries start goroutines that run until the process ends. Therefore goroutines are
	// not counted for this test.
	first bool
	// faults is true if the test needs a cluster that can simulate faults.
	faults bool
}

func (row row) test(t *testing.T, client Client, newCluster func(*testing.T) Cluster, mode string) {
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
		t.Skip("the cluster cannot simulate faults")
	}
	s := newSite(t, client, cluster, mode)
	row.run(t, s)
	s.checkNothingLost(t)
}

// modeRows are the tests that run in every mode of the client.
var modeRows = []row{
	{name: "join", run: testJoin},
	{name: "many at once", run: testMany},
	{name: "rejected", run: testRejected},
	{name: "not leader", run: testNotLeader, faults: true},
	{name: "no acknowledgement", run: testNoAcks},
	{name: "shared headers", run: testSharedHeaders},
	{name: "sent twice", run: testSentTwice},
	{name: "closed with records in flight", run: testClosedInFlight, faults: true},
	{name: "late delivery", run: testLateDelivery, faults: true},
	{name: "restart", run: testRestart},
	{name: "silent providers", run: testSilent},
	{name: "metadata", run: testMetadata, needs: []Ability{Outcomes}},
	{name: "callback", run: testCallback, needs: []Ability{Outcomes}},
}

// rows are the tests that run only in the usual mode of the client.
var rows = []row{
	{name: "first use", run: testJoin, first: true},
	{name: "opt in", run: testOptIn},
	{name: "forward", run: testForward},
	{name: "stale context", run: testStaleContext},
	{name: "custom creation context", run: testCreationContext},
	{name: "empty polls", run: testEmptyPolls, needs: []Ability{Polls}},
	{name: "prefetched", run: testPrefetched},
	{name: "ambient span", run: testAmbient},
	{name: "ambient span by choice", run: testAmbientParent},
	{name: "links alone", run: testLinksOnly},
	{name: "batch", run: testBatch},
	{name: "batch of 10,000", run: testLargeBatch},
	{name: "baggage", run: testBaggage},
	{name: "large baggage read", run: testLargeBaggage},
	{name: "personal keys and headers", run: testPersonal},
	{name: "key by choice", run: testKey},
	{name: "poisoned headers", run: testPoisoned},
	{name: "headers in the clear", run: testHeaders},
	{name: "tombstones", run: testTombstones},
	{name: "early return", run: testEarlyReturn},
	{name: "rebalance in the handler", run: testRebalance},
	{name: "transactions", run: testTransactions, needs: []Ability{Transactions}},
	{name: "retry topics", run: testRetryTopics},
	{name: "outbox", run: testOutbox},
	{name: "metrics", run: testMetrics},
	{name: "lag", run: testLag},
}
