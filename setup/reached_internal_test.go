package setup

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/environ"
)

func TestPlatformThatRefusesIsReached(t *testing.T) {
	tel := newTelemetry()
	tel.reporter.hold()
	w := &watcher{signal: "traces", endpoint: &environ.Endpoint{Platform: true}, reporter: tel.reporter}
	refuse := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
		return status.Error(codes.PermissionDenied, "no")
	}
	err := w.watch(t.Context(), "", nil, nil, nil, refuse)
	w.failed(err)
	if tel.reporter.unreachable("traces") {
		t.Errorf("a collector that answered %v counts as one that never answered: lines once an hour, and one second to flush", err)
	}
}
