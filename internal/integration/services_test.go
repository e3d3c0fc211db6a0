package integration

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/oteltest"
)

// service returns what a variable says of a server that make services starts, or
// that is the user's own.
func service(tb testing.TB, variable string) string {
	tb.Helper()
	value := os.Getenv(variable)
	if value == "" {
		oteltest.Lacking(tb, variable+" is not set (run make services-install services integration, or set it to a server of yours)")
	}
	return value
}
