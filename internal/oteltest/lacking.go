package oteltest

import (
	"os"
	"testing"
)

// Lacking skips the test, because the machine does not have a service or a tool that the
// test needs. reason names the service or the tool. If SPOR_REQUIRE_SERVICES is 1, Lacking
// fails the test instead.
func Lacking(tb testing.TB, reason any) {
	tb.Helper()
	if os.Getenv("SPOR_REQUIRE_SERVICES") == "1" {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
}
