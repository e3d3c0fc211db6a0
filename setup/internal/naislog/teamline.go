package naislog

import (
	"encoding/json"
	"log/slog"
)

const (
	teamKey  = "marker"
	teamMark = "TEAM_LOGS"
)

// TeamMark returns the attribute that marks a record for Team Logs.
func TeamMark() slog.Attr { return slog.String(teamKey, teamMark) }

func isTeamMark(a slog.Attr) bool {
	return a.Key == teamKey && a.Value.Kind() == slog.KindString && a.Value.String() == teamMark
}

// teamFields returns the fields that identify the application in Team Logs, each with a comma
// before it.
func teamFields(text func(variable string) string) []byte {
	var fields []byte
	for _, f := range [...]struct{ key, variable string }{
		{"google_cloud_project", "GOOGLE_CLOUD_PROJECT"},
		{"nais_namespace_name", "NAIS_NAMESPACE"},
		{"nais_pod_name", "NAIS_POD_NAME"},
		{"nais_container_name", "NAIS_APP_NAME"},
	} {
		value, err := json.Marshal(text(f.variable))
		if err != nil {
			value = []byte(`""`)
		}
		fields = append(append(append(fields, `,"`...), f.key...), `":`...)
		fields = append(fields, value...)
	}
	return fields
}
