package integration

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/oteltest"
)

// service returns the value of an environment variable that describes a test server. The
// command make services starts such servers. If the variable is not set, service skips the
// test or makes it fail.
func service(tb testing.TB, variable string) string {
	tb.Helper()
	value := os.Getenv(variable)
	if value == "" {
		oteltest.Lacking(tb, variable+" is not set (run make services-install services integration, or set it to your own server)")
	}
	return value
}
