package setup_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/nais/spor/setup"
)

func TestStartListensUnderAContextThatHasEnded(t *testing.T) {
	_, port, _ := strings.Cut(closedPort(t), ":")
	environment(t, "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT", port)
	logLines(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	shutdown, err := setup.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://localhost:" + port + "/metrics")
	if err != nil {
		t.Error(err)
	} else {
		resp.Body.Close()
	}
	var none context.Context
	if err := shutdown(none); err != nil {
		t.Errorf("shutdown without a context: %v", err)
	}
}
