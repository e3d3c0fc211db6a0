package cache_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/nais/spor/internal/cache"
)

func TestMapRemembers(t *testing.T) {
	var m cache.Map[int, string]
	built := 0
	build := func(i int) string { built++; return strconv.Itoa(i) }
	for range 3 {
		for i := range 10 {
			if got := m.Get(i, build); got != strconv.Itoa(i) {
				t.Fatalf("got %q for %d", got, i)
			}
		}
	}
	if built != 10 {
		t.Errorf("built %d values, want 10", built)
	}
}

func TestMapIsBounded(t *testing.T) {
	var m cache.Map[int, int]
	built := 0
	build := func(i int) int { built++; return i }
	for range 2 {
		for i := range 2000 {
			if got := m.Get(i, build); got != i {
				t.Fatalf("got %d for %d", got, i)
			}
		}
	}
	if want := 2000 + (2000 - 1024); built != want {
		t.Errorf("built %d values, want %d", built, want)
	}
}

func TestMapServesManyAtOnce(t *testing.T) {
	var m cache.Map[int, int]
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 500 {
				if got := m.Get(i, func(i int) int { return 2 * i }); got != 2*i {
					t.Errorf("got %d for %d", got, i)
				}
			}
		})
	}
	group.Wait()
}

func TestGetAllocatesNothing(t *testing.T) {
	var m cache.Map[string, string]
	build := func(s string) string { return s }
	m.Get("a", build)
	if n := testing.AllocsPerRun(100, func() { m.Get("a", build) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
