package sqltext_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nais/spor/internal/sqltext"
)

func counting() (cache *sqltext.Cache[string], built *int) {
	built = new(int)
	return sqltext.NewCache(sqltext.PostgreSQL, func(q sqltext.Query) string { *built++; return q.Summary }), built
}

func TestCacheRemembersTheLatest(t *testing.T) {
	cache, built := counting()
	for range 3 {
		for i := range 900 {
			if got, want := cache.Get("SELECT * FROM t"+strconv.Itoa(i)), "SELECT t"+strconv.Itoa(i); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	if *built != 900 {
		t.Errorf("built %d, want 900", *built)
	}
	for i := range 2000 { // each round uses a new text and the text with t0
		cache.Get("SELECT " + strconv.Itoa(i))
		cache.Get("SELECT * FROM t0")
	}
	if *built != 2900 {
		t.Errorf("built %d, want 2900", *built)
	}
	cache.Get("SELECT * FROM t1")
	if *built != 2901 {
		t.Error("a text that was not used for a long time is still in the cache")
	}
}

func TestCacheIsBoundedInBytes(t *testing.T) {
	cache, built := counting()
	long := strings.Repeat(" ", 9<<10)
	for range 2 {
		for i := range 200 {
			cache.Get("SELECT " + strconv.Itoa(i) + long)
		}
	}
	if *built != 400 {
		t.Errorf("built %d, want 400", *built)
	}
	for range 2 {
		cache.Get("SELECT 1" + long + long)
	}
	if *built != 402 {
		t.Error("a text above 10 KiB was kept")
	}
}

func TestCacheServesManyAtOnce(t *testing.T) {
	cache := sqltext.NewCache(sqltext.PostgreSQL, func(q sqltext.Query) string { return q.Summary })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 3000 {
				if got, want := cache.Get("SELECT * FROM t"+strconv.Itoa(i%1500)), "SELECT t"+strconv.Itoa(i%1500); got != want {
					t.Errorf("got %q, want %q", got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestGetAllocatesNothing(t *testing.T) {
	cache, _ := counting()
	cache.Get("SELECT 1")
	if n := testing.AllocsPerRun(100, func() { cache.Get("SELECT 1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
