package oteltest

import (
	"os"
	"testing"
)

// Lacking skips the test, since the machine lacks what reason says; where
// SPOR_REQUIRE_SERVICES is 1 it fails the test.
func Lacking(tb testing.TB, reason any) {
	tb.Helper()
	if os.Getenv("SPOR_REQUIRE_SERVICES") == "1" {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
}
