package http_test

import (
	"testing"

	"spor.peers/sporhttp"

	"github.com/nais/spor/internal/peers/probe"
)

// sporRun takes the place of m.Run.
func sporRun(m *testing.M) int {
	sporhttp.Install()
	return probe.Run(m)
}
