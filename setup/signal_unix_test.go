//go:build unix

package setup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() {
	// The program "waits" works until its context ends.
	programs["waits"] = func() int {
		return run(func(ctx context.Context) error {
			endSpans(1)
			fmt.Println("ready")
			<-ctx.Done()
			return nil
		}, crashFile()...)
	}
}

// TestRunDoesNotHandleOtherSignals checks the signals that the documentation of Run describes: they
// end the process without a flush, and only the stacks of SIGQUIT are logged as a crash.
func TestRunDoesNotHandleOtherSignals(t *testing.T) {
	for sent, want := range map[syscall.Signal]struct {
		status  string
		crashed bool
	}{
		syscall.SIGHUP:  {"signal: hangup", false},
		syscall.SIGQUIT: {"exit status 2", true},
	} {
		t.Run(want.status, func(t *testing.T) {
			c, file := listen(t, ":0"), filepath.Join(t.TempDir(), "crash")
			// If this process ignores the signal, for example because of nohup, the child would ignore
			// it too. A signal that this process handles has its default action in the child.
			handled := make(chan os.Signal, 1)
			signal.Notify(handled, sent)
			defer signal.Stop(handled)
			child := command(t, "waits", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY", "3600000", "CHILD_CRASH_FILE", file)
			startChild(t, child)
			if err := child.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := child.Wait(); !errors.As(err, &exit) || exit.Error() != want.status {
				t.Errorf("got %v, want %s", err, want.status)
			}
			if got := c.count(); got != 0 {
				t.Errorf("%d spans were exported, want none", got)
			}
			out, err := command(t, "quiet", "CHILD_CRASH_FILE", file).CombinedOutput()
			if crashed := strings.Contains(string(out), "the previous process crashed"); err != nil || crashed != want.crashed {
				t.Errorf("got %v, %s, want a crash: %t", err, out, want.crashed)
			}
		})
	}
}
