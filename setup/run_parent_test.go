package setup_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/nais/spor/setup"
)

func init() {
	// The program "stopped" cancels the context that it passed to Run. Then it needs 500
	// ms to finish.
	programs["stopped"] = func() int {
		ctx, cancel := context.WithCancel(context.Background())
		if err := setup.Run(ctx, func(ctx context.Context) error {
			_, span := otel.Tracer("test").Start(ctx, "draining")
			cancel()
			<-ctx.Done()
			fmt.Println("ready")
			if os.Getenv("CHILD_EXIT") == "never" {
				select {}
			}
			<-time.After(500 * time.Millisecond)
			span.End()
			return nil
		}); err != nil {
			return 1
		}
		return 0
	}
}

func TestRunFlushesAfterASignalWhileItsCallersContextHasEnded(t *testing.T) {
	c := listen(t, ":0")
	child := command(t, "stopped", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	startChild(t, child)
	<-time.After(100 * time.Millisecond)
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("got %v, want exit code 0: it was the first signal", err)
	}
	if got := c.count(); got != 1 {
		t.Errorf("spans: got %d, want 1", got)
	}
}

func TestRunEndsAtASecondSignalWhileItsCallersContextHasEnded(t *testing.T) {
	child := command(t, "stopped", "CHILD_EXIT", "never")
	startChild(t, child)
	for range 2 {
		<-time.After(100 * time.Millisecond)
		if err := child.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("got no error, want death by SIGTERM")
	}
}
