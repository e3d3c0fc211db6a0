package slog_test

import (
	"log/slog"
	"os"
	"testing"

	"spor.peers/sporlog"

	"github.com/nais/spor/internal/peers/probe"
)

func TestMain(m *testing.M) {
	if probe.On() {
		slog.SporHandler = sporlog.Handler
	}
	os.Exit(probe.Run(m))
}
