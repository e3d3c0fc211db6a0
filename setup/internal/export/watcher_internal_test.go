package export

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/environ"
)

func TestPlatformThatRefusesIsReached(t *testing.T) {
	r := &Reporter{}
	r.Hold()
	w := &Watcher{Signal: "traces", Endpoint: &environ.Endpoint{Platform: true}, Reporter: r}
	refuse := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
		return status.Error(codes.PermissionDenied, "no")
	}
	err := w.Watch(t.Context(), "", nil, nil, nil, refuse)
	w.GaveUp(err)
	if r.Unreachable("traces") {
		t.Errorf("a collector that answered %v is treated as one that never answered (one line per hour, one second to flush)", err)
	}
}
