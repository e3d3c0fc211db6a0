package naislog

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// tooLarge is how OpenTelemetry's exporter begins the error for a request over
// the limit, which has no type.
const tooLarge = "request message too large"

// divisible reports whether a part of the batch may fare better than the whole.
func divisible(err error) bool {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return !throttled(err) && pipeline.TooLarge(err)
	case codes.InvalidArgument:
		return true
	}
	return strings.Contains(err.Error(), tooLarge)
}

// throttled reports whether the collector asked for a pause: it is busy, and says
// nothing about the batch.
func throttled(err error) bool {
	return slices.ContainsFunc(status.Convert(err).Details(), func(detail any) bool {
		_, is := detail.(*errdetails.RetryInfo)
		return is
	})
}

// reasonOf returns why what an export had is lost. life ends when exports are to be
// given up.
func reasonOf(life context.Context, err error) spanstats.Reason {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		switch {
		case throttled(err):
		case pipeline.TooLarge(err):
			return spanstats.TooBig
		default:
			return spanstats.Rejected
		}
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted:
	case codes.Unknown:
		if strings.Contains(err.Error(), tooLarge) {
			return spanstats.TooBig
		}
	default:
		return spanstats.Rejected
	}
	if life.Err() != nil {
		return spanstats.AfterShutdown
	}
	return spanstats.TimedOut
}
