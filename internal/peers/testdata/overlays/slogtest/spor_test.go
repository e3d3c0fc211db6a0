package slogtest_test

import (
	"os"
	"testing"

	"spor.peers/sporlog"

	"github.com/nais/spor/internal/peers/probe"
)

func TestMain(m *testing.M) { os.Exit(probe.Run(m)) }

// sporJSONHandler takes the place of slog.NewJSONHandler.
var sporJSONHandler = sporlog.Handler
