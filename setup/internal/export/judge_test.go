package export_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/spanstats"
)

func TestJudge(t *testing.T) {
	throttled, err := status.New(codes.ResourceExhausted, "busy").WithDetails(&errdetails.RetryInfo{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err       error
		reason    spanstats.Reason
		divisible bool
	}{
		// Codes that the OTLP specification allows to send again.
		{status.Error(codes.Canceled, ""), spanstats.TimedOut, false},
		{status.Error(codes.DeadlineExceeded, ""), spanstats.TimedOut, false},
		{status.Error(codes.Aborted, ""), spanstats.TimedOut, false},
		{status.Error(codes.OutOfRange, ""), spanstats.TimedOut, false},
		{status.Error(codes.Unavailable, ""), spanstats.TimedOut, false},
		{status.Error(codes.DataLoss, ""), spanstats.TimedOut, false},
		{throttled.Err(), spanstats.TimedOut, false},
		// Errors without an answer.
		{context.DeadlineExceeded, spanstats.TimedOut, false},
		{errors.New("exporter export timeout"), spanstats.TimedOut, false},
		{errors.New("request message too large: exceeded 1 bytes"), spanstats.TooBig, true},
		// All other codes.
		{status.Error(codes.InvalidArgument, ""), spanstats.Rejected, true},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max"), spanstats.TooBig, true},
		{status.Error(codes.ResourceExhausted, "quota"), spanstats.Rejected, false},
		{status.Error(codes.Unknown, ""), spanstats.Rejected, false},
		{status.Error(codes.PermissionDenied, ""), spanstats.Rejected, false},
		{status.Error(codes.Internal, ""), spanstats.Rejected, false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("failed to upload metrics: %w", tt.err)} {
			if reason, divisible := export.Judge(err); reason != tt.reason || divisible != tt.divisible {
				t.Errorf("%v: got %s, %t, want %s, %t", err, reason, divisible, tt.reason, tt.divisible)
			}
		}
	}
}
