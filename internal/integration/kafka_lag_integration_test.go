//go:build integration

package integration

import "testing"

func TestLagOfTransactionsOnKafka(t *testing.T) {
	k := newRealKafka(t).(*realKafka)
	testLagOfTransactions(t, k, &k.plainKafka)
}
