//go:build unix

package standing_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nais/spor/cmd/spor/internal/standing"
)

// TestFindAtTheSameTime has several processes that look for a listener that has crashed. None of
// them may take another for a listener, and a listener must be able to start.
func TestFindAtTheSameTime(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	if err := os.Mkdir(filepath.Join(cache, "spor"), 0o700); err != nil {
		t.Fatal(err)
	}
	crashed := []byte(`{"grpc":"127.0.0.1:1","http":"http://127.0.0.1:2","viewer":"http://127.0.0.1:3/key/"}`)
	if err := os.WriteFile(filepath.Join(cache, "spor", "listen.json"), crashed, 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				if l, runs := standing.Find(); runs {
					t.Errorf("found %+v", l)
					return
				}
			}
		})
	}
	announce, release, err := standing.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	all.Wait() // the listener has not announced itself
	if _, _, err := standing.Reserve(); !errors.Is(err, standing.ErrRuns) {
		t.Errorf("a second listener: got %v, want ErrRuns", err)
	}
	want := standing.Listener{GRPC: "127.0.0.1:4317", HTTP: "http://127.0.0.1:4318", Viewer: "http://127.0.0.1:4319/key/"}
	if err := announce(want); err != nil {
		t.Fatal(err)
	}
	if got, runs := standing.Find(); !runs || got != want {
		t.Errorf("got %+v, %t, want %+v", got, runs, want)
	}
	release()
	if got, runs := standing.Find(); runs {
		t.Errorf("after the end: found %+v", got)
	}
}
