package naislog

import (
	"bytes"
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

// teamLine converts a line from slog's handler to the format of Team Logs. The result starts
// with the argument fields.
func teamLine(fields, line []byte) []byte {
	shape := shapeLine(nil, line)
	return withSeverity(append(bytes.Clone(fields), shape[1:]...))
}

// withSeverity adds a second field with the level. The name of this field is severity,
// because Google Cloud Logging reads that name.
func withSeverity(line []byte) []byte {
	const key = `"level":"`
	_, level, found := bytes.Cut(line, []byte(key))
	if !found {
		return line
	}
	level = level[:textEnd(level)]
	return append([]byte(`{"severity":"`+string(level)+`,`), line[1:]...)
}

// teamFields returns the start of every line. It contains the fields that identify the
// application in Team Logs.
func teamFields(text func(variable string) string) []byte {
	fields := []byte{'{'}
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
		fields = append(append(append(fields, '"'), f.key...), `":`...)
		fields = append(append(fields, value...), ',')
	}
	return fields
}
