package integration

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/oteltest"
)

// service returns the value of a variable that names a test server. make services starts
// such servers. Without the variable, service skips or fails the test.
func service(tb testing.TB, variable string) string {
	tb.Helper()
	value := os.Getenv(variable)
	if value == "" {
		oteltest.Lacking(tb, variable+" is not set (run make services-install services integration, or set it to your own server)")
	}
	return value
}
