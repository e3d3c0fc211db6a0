//go:build integration

package stock_test

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/oteltest"
)

// service returns the value of an environment variable that describes a test server.
func service(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		oteltest.Lacking(t, variable+" is not set (make services-install services)")
	}
	return value
}

func TestRedisServer(t *testing.T) { testRedis(t, service(t, "SPOR_REDIS_ADDR")) }
