package diagnosis_test

import (
	"strings"
	"testing"
)

// TestLogLevel checks each value of LOG_LEVEL that people use, in several spellings.
func TestLogLevel(t *testing.T) {
	for value, want := range map[string]string{
		"": "info", "trace": "debug-4", "debug": "debug", "info": "info", "warn": "warn", "warning": "warn", "error": "error",
		"fatal": "error", "panic": "error", "info+2": "info+2", "debug-4": "debug-4", "warn-4": "info", "error+8": "error+8",
	} {
		for _, spelling := range []string{value, strings.ToUpper(value), strings.ToUpper(value[:min(1, len(value))]) + value[min(1, len(value)):], " " + value + "\t", "\n" + value + "\r\n"} {
			r := reportOf(map[string]string{"LOG_LEVEL": spelling})
			if got, read := effective(r, "LOG_LEVEL"); got != want || !read || len(r.Problems) != 0 {
				t.Errorf("LOG_LEVEL=%q: got %q, %q, want %q", spelling, got, r.Problems, want)
			}
		}
	}
	for _, value := range []string{"verbose", "off", "none", "warnings", "0", "-4", "4", "INFO +2", "info+", "info+x", "+2", "info+99999999999999999999", "warning+1", "trace+1", "info,debug", "\u00e6"} {
		r := reportOf(map[string]string{"LOG_LEVEL": value})
		if got, _ := effective(r, "LOG_LEVEL"); got != "info" {
			t.Errorf("LOG_LEVEL=%q: got %q, want the default", value, got)
		}
		if mustBeNamed(t, r, "LOG_LEVEL"); len(r.Problems) == 1 && !strings.Contains(r.Problems[0], `"`+value+`"`) {
			t.Errorf("LOG_LEVEL=%q: %q does not repeat the value", value, r.Problems)
		}
	}
	if r := reportOf(map[string]string{"LOG_LEVEL": "verbose", "OTEL_SDK_DISABLED": "true"}); len(r.Problems) != 1 {
		t.Errorf("without telemetry: got %q, want one problem", r.Problems)
	}
}
