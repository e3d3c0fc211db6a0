package setuptest

import (
	"slices"
	"strings"

	"github.com/nais/spor/internal/apm"
)

// WantLit tests by the rules of spor check what Nais APM would show: that no panel
// is dark that the code under test should light, that no personal number and no
// secret was sent or logged, and that span names have no ids. Panels of the log
// are left out while nothing is logged, and so are those named by except, as spor
// check prints them: "Runtime: Go card".
func (r *Recording) WantLit(except ...string) {
	r.tb.Helper()
	var judged apm.Recording
	for _, request := range r.settled() {
		judged.Add(request)
	}
	reports := judged.Judge()
	if len(reports) == 0 {
		r.tb.Error("nothing was recorded")
	}
	for _, report := range reports {
		for _, v := range report.Panels {
			silent := report.Lines == 0 && ofTheLog[v.Panel]
			if v.State == apm.Dark && !silent && !slices.Contains(except, v.Panel) {
				r.tb.Errorf("%s is dark: %s (%s)", v.Panel, v.Evidence, strings.Join(v.Cures, "; "))
			}
		}
		for _, f := range report.Findings {
			r.tb.Errorf("%s in %s, %d times (%s)", f.Kind, f.Place, f.Count, f.Cure)
		}
	}
}

// ofTheLog are the panels that need log lines.
var ofTheLog = map[string]bool{"Logs": true, "Logs of a trace": true, "Issues": true, "Observability checks": true}
