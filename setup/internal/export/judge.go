package export

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/pipeline"
	"github.com/nais/spor/setup/internal/spanstats"
)

// tooLarge is a part of the text of the error that OpenTelemetry's exporters return for a
// request above the size limit. That error has no type of its own.
const tooLarge = "request message too large"

// Judge examines err, the error of an export that one of OpenTelemetry's exporters has given up.
// If the items of the export are dropped, they are counted with the returned reason. The reason
// is TimedOut if the collector did not refuse the items. divisible is true if the collector may
// accept some of the items.
func Judge(err error) (reason spanstats.Reason, divisible bool) {
	switch status.Code(err) {
	case codes.InvalidArgument:
		return spanstats.Rejected, true
	case codes.ResourceExhausted:
		switch {
		case pipeline.IsThrottled(err):
			return spanstats.TimedOut, false
		case pipeline.TooLarge(err):
			return spanstats.TooBig, true
		}
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted, codes.OutOfRange, codes.DataLoss:
		return spanstats.TimedOut, false
	case codes.Unknown:
		if strings.Contains(err.Error(), tooLarge) {
			return spanstats.TooBig, true
		}
		if _, answered := status.FromError(err); !answered {
			return spanstats.TimedOut, false
		}
	}
	return spanstats.Rejected, false
}
