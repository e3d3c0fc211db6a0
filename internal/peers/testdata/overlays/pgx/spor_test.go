package pgx_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/sportracer"
	"github.com/nais/spor/internal/peers/probe"
)

func TestMain(m *testing.M) {
	sportracer.Install()
	os.Exit(probe.Run(m))
}
