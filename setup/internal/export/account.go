package export

import (
	"fmt"
	"strconv"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/spanstats"
)

// account describes the counts of the items of one signal.
type account struct {
	signal, items string
	field         string // the field of the log line
	stats         *spanstats.Stats
	endpoint      *environ.Endpoint
}

func (r *Reporter) accounts() []account {
	return []account{
		{"traces", "spans", "spans_dropped", &r.Spans, r.SpansGoTo},
		{"logs", "log records", "log_records_dropped", &r.Records, r.RecordsGoTo},
		{"metrics", "metric data points", "metric_data_points_dropped", &r.Points, r.PointsGoTo},
	}
}

// The method dropped returns the number of all dropped items.
func (r *Reporter) dropped() (all int64) {
	for _, a := range r.accounts() {
		_, dropped := a.stats.Drops()
		all += dropped
	}
	return all
}

// share returns "3 of 10" if 3 of 10 spans were dropped. For data points, it returns only the
// first number. The second number would grow with each export, because each export contains a
// point for each series.
func (a account) share(dropped int64) string {
	if a.signal == "metrics" {
		return strconv.FormatInt(dropped, 10)
	}
	return fmt.Sprintf("%d of %d", dropped, dropped+a.stats.Delivered())
}
