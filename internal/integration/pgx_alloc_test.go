//go:build integration && !race

package integration

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestAllocPgx counts the allocations of a query and of a batch on a real PostgreSQL, with and without spor.
// The difference is the number that spor adds. This number must not exceed a limit. If the
// number is more than four, it must also not be larger than the number that otelpgx adds.
func TestAllocPgx(t *testing.T) {
	if testing.Short() {
		t.Skip("the test takes long")
	}
	for _, state := range sqlStates {
		most := map[string]float64{"no-SDK": 2, "never": 4, "always": 12}[state.name]
		for _, name := range []string{"query", "exec", "pool-query", "batch-of-10"} {
			if name == "batch-of-10" && state.name == "always" {
				most = 40
			}
			allocs := pgxAllocs(t, state.sampler, name)
			spor, rival := allocs["spor"]-allocs["bare"], allocs["otelpgx"]-allocs["bare"]
			t.Logf("%s %s: allocations of pgx alone %v, with spor %+v, with otelpgx %+v", state.name, name, allocs["bare"], spor, rival)
			if spor > most || spor > max(rival, 4) {
				t.Errorf("%s %s: spor adds %v allocations, want at most %v; otelpgx adds %v", state.name, name, spor, most, rival)
			}
		}
	}
}

// pgxAllocs returns the number of allocations of one operation, for each library.
func pgxAllocs(t *testing.T, sampler sdktrace.Sampler, name string) map[string]float64 {
	t.Helper()
	allocs := map[string]float64{}
	for _, library := range pgxLibraries {
		s := newSDK(t, sampler)
		pool := newPgxPool(t, library.tracer(s))
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx := underSpan(t, s)
		for _, operation := range pgxOperations {
			if operation.name != name {
				continue
			}
			allocs[library.name] = testing.AllocsPerRun(500, func() {
				if err := operation.run(ctx, pool, conn); err != nil {
					t.Fatal(err)
				}
			})
		}
		conn.Release()
	}
	return allocs
}
