package pgxtrace_test

import (
	"maps"
	"testing"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

// TestLateAttributes checks that a span has the same attributes, no matter whether they are
// set when the span starts or when it ends.
func TestLateAttributes(t *testing.T) {
	var said [2]map[string]string
	for i := range said {
		sdk := oteltest.New(t)
		var opts []sqltrace.Option
		if i == 1 {
			opts = append(opts, sqltrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))
		}
		pool := new(server).open(t, sdk, "", opts...)
		if err := query(t.Context(), pool, "SELECT id, name FROM orders WHERE id = $1", "7"); err != nil {
			t.Fatal(err)
		}
		said[i] = oteltest.Map(sdk.Only(t).Attributes())
	}
	if len(said[0]) != 9 || !maps.Equal(said[0], said[1]) {
		t.Errorf("attributes at the start: %v, at the end: %v", said[0], said[1])
	}
}
