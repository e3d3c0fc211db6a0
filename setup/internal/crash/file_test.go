package crash_test

import (
	"testing"

	"github.com/nais/spor/setup/internal/crash"
)

func TestCrashFileIsNamedAfterTheProgram(t *testing.T) {
	t.Chdir(t.TempDir())
	first := crash.FileIn("/tmp", "app")
	if again := crash.FileIn("/tmp", "app"); again != first {
		t.Errorf("got %s, then %s", first, again)
	}
	t.Chdir(t.TempDir())
	if other := crash.FileIn("/tmp", "app"); other == first {
		t.Errorf("got %s in two folders", first)
	}
}
