package naislog

import (
	"encoding/json"
	"log/slog"
	"reflect"
)

const (
	teamKey  = "marker"
	teamMark = "TEAM_LOGS"
)

// TeamMark returns the attribute that marks a record for Team Logs.
func TeamMark() slog.Attr { return slog.String(teamKey, teamMark) }

func isTeamMark(a slog.Attr) bool {
	if a.Key != teamKey {
		return false
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return a.Value.String() == teamMark
	case slog.KindAny: // the text may have a type of its own
		v := reflect.ValueOf(a.Value.Any())
		return v.Kind() == reflect.String && v.String() == teamMark
	}
	return false
}

// isTeamField reports whether key is the key of a field that only lines for Team Logs have.
func isTeamField(key string) bool {
	switch key {
	case severityKey, "google_cloud_project", "nais_namespace_name", "nais_pod_name", "nais_container_name":
		return true
	}
	return false
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
