package httputil_test

import (
	"os"
	"testing"

	"spor.peers/sporhttp"

	"github.com/nais/spor/internal/peers/probe"
)

func TestMain(m *testing.M) {
	sporhttp.Install()
	os.Exit(probe.Run(m))
}
