package query

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/viewer"
)

// A PanelFilter selects panels. The empty value of a field means any panel.
type PanelFilter struct {
	Service string `json:"service,omitempty" jsonschema:"only panels of the service NAME"`
	State   string `json:"state,omitempty" jsonschema:"only panels in this STATE: lit, dark or 'not used', without findings and edges"`
}

// Panels is the answer to a [PanelFilter].
type Panels struct {
	// Services contains one report per service, as spor check makes it.
	Services []apm.Report `json:"services"`
}

// Panels judges the panels of Nais APM. The reports are sorted by service.
func (s *Source) Panels(ctx context.Context, f PanelFilter) (Panels, error) {
	switch apm.State(f.State) {
	case "", apm.Lit, apm.Dark, apm.NotUsed:
	default:
		return Panels{}, invalid("state %q (want lit, dark or 'not used')", f.State)
	}
	var list viewer.Panels
	if err := s.get(ctx, "panels", url.Values{"fresh": {"1"}}, &list); err != nil {
		return Panels{}, err
	}
	answer := Panels{Services: []apm.Report{}}
	for _, r := range list.Services {
		if f.Service != "" && r.Service != f.Service {
			continue
		}
		if f.State != "" {
			r.Panels = slices.DeleteFunc(r.Panels, func(v apm.Verdict) bool { return string(v.State) != f.State })
			r.Findings, r.Edges = nil, nil
		}
		if len(r.Panels) == 0 {
			continue
		}
		answer.Services = append(answer.Services, r)
	}
	slices.SortFunc(answer.Services, func(a, b apm.Report) int { return strings.Compare(a.Service, b.Service) })
	return answer, nil
}
