package oteltest

import (
	"os"
	"testing"
)

// Lacking skips the test, because the machine lacks a service or a tool that reason names.
// If SPOR_REQUIRE_SERVICES is 1, Lacking fails the test.
func Lacking(tb testing.TB, reason any) {
	tb.Helper()
	if os.Getenv("SPOR_REQUIRE_SERVICES") == "1" {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
}
