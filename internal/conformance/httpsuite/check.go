package httpsuite

import (
	"strconv"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

// checkException tests that events is the one panic of PanicOnPurpose.
func (s *site) checkException(t *testing.T, events []sdktrace.Event) {
	t.Helper()
	if len(events) != 1 || events[0].Name != "exception" {
		t.Fatalf("events %v", events)
	}
	attrs := oteltest.Map(events[0].Attributes)
	if attrs["exception.type"] != "string" || !strings.Contains(attrs["exception.message"], "on purpose") ||
		!strings.Contains(attrs["exception.stacktrace"], "PanicOnPurpose") && !s.around.buffers {
		t.Errorf("exception %v", attrs)
	}
}

// checkSizes tests the sizes of bodies on the span and in the measurements.
func (s *site) checkSizes(t *testing.T, request, response int64) {
	t.Helper()
	attrs := oteltest.Map(s.sdk.Only(t).Attributes())
	for what, size := range map[string]int64{"request": request, "response": response} {
		want := ""
		if size > 0 {
			want = strconv.FormatInt(size, 10)
		}
		if got := attrs["http."+what+".body.size"]; got != want {
			t.Errorf("size of %s is %q on the span, want %q", what, got, want)
		}
		points := s.sdk.Bytes(t, "http.server."+what+".body.size")
		if len(points) != 1 || points[0].Count != 1 || points[0].Sum != size {
			t.Errorf("size of %s was measured as %v, want %d", what, points, size)
		}
	}
}

// checkSilence tests that nothing was told of a request that has been answered.
func (s *site) checkSilence(t *testing.T) {
	t.Helper()
	s.server.Close() // waits for the handler
	if n := s.sdk.Started(); n != 0 {
		t.Errorf("%d spans were started", n)
	}
	if points := s.sdk.Seconds(t, "http.server.request.duration"); len(points) != 0 {
		t.Errorf("measured %v", points)
	}
}
