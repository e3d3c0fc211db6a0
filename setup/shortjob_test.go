package setup_test

import (
	"context"
	"testing"
	"time"
)

// TestShortJobDoesNotWaitForAPlatformWithoutTelemetry checks a job that ends before its first
// export. During shutdown, telemetry finds for the first time that there is no collector.
// Shutdown must still be short.
func TestShortJobDoesNotWaitForAPlatformWithoutTelemetry(t *testing.T) {
	environment(t, "NAIS_CLUSTER_NAME", "dev-gcp")
	logLines(t)
	shutdown := mustStart(t)
	endSpans(1)
	begin := time.Now()
	mustName(t, shutdown(context.Background()), "1 of 1 spans")
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Errorf("shutdown took %s, want about a second", took)
	}
}
