package setup

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/errinfo"
)

const (
	teamKey  = "marker"
	teamMark = "TEAM_LOGS"
)

// TeamLogs returns the attribute that marks a record for Team Logs, the private
// log of a team: marker=TEAM_LOGS, as the platform's examples for other languages
// have it. It may be given to one record or to a logger:
//
//	teamLog := slog.With(setup.TeamLogs())
//	teamLog.InfoContext(ctx, "application refused", "ident", ident)
//
// A marked record that [LogHandler] handles goes to team-logs.nais-system:5170,
// or to the writer of [WithTeamLogs], and nowhere else: not to the log, which is
// open to every team, and not over OTLP. Nothing in it is masked, since it is
// there for what must not stand elsewhere. Handlers that are not spor's know
// nothing of the mark, and write the record as any other.
//
// Logging never waits: records queue up to one MiB, and those that find it full,
// or that cannot be delivered, are counted and told of. nais.yaml must let the
// application out, to the application logging in the namespace nais-system.
//
// See https://docs.nais.io/observability/logging/how-to/team-logs/.
func TeamLogs() slog.Attr { return slog.String(teamKey, teamMark) }

func isTeamMark(a slog.Attr) bool {
	return a.Key == teamKey && a.Value.Kind() == slog.KindString && a.Value.String() == teamMark
}

// WithTeamLogs sends records with the mark of [TeamLogs] to w, one line a Write,
// in the place of the platform's endpoint; nil changes nothing. The default
// outside of NAIS is to drop them, and to say so once. Writes are made by one
// goroutine at a time, and may block.
func WithTeamLogs(w io.Writer) Option {
	return func(c *config) {
		if w != nil {
			c.teamLogs = w
		}
	}
}

// toTeam writes a marked record, by a handler of its own: no ReplaceAttr of the
// program's can turn it round.
func (h *logHandler) toTeam(r slog.Record, span trace.SpanContext, f errinfo.Info) error {
	theTeam.warnOfExport()
	r.Message = mark(r.Message, span, f)
	handler := h.remake(slog.NewJSONHandler(teamWriter{}, h.opts))
	return handler.Handle(noContext, r)
}

// teamWriter puts a line into the shape of Team Logs and queues it.
type teamWriter struct{}

func (teamWriter) Write(line []byte) (int, error) {
	shape := shapeLine(nil, line)
	shape = append(theTeam.fields(), shape[1:]...)
	theTeam.add(withSeverity(shape))
	return len(line), nil
}

// withSeverity repeats the level under the name that Google Cloud Logging reads.
func withSeverity(line []byte) []byte {
	const key = `"level":"`
	_, level, found := bytes.Cut(line, []byte(key))
	if !found {
		return line
	}
	level = level[:textEnd(level)]
	return append([]byte(`{"severity":"`+string(level)+`,`), line[1:]...)
}

// teamFields are the fields by which Team Logs knows the application, as the
// beginning of a line.
func teamFields(env *environ.Environment) []byte {
	fields := []byte{'{'}
	for _, f := range [...]struct{ key, variable string }{
		{"google_cloud_project", "GOOGLE_CLOUD_PROJECT"},
		{"nais_namespace_name", "NAIS_NAMESPACE"},
		{"nais_pod_name", "NAIS_POD_NAME"},
		{"nais_container_name", "NAIS_APP_NAME"},
	} {
		value, err := json.Marshal(env.Text(f.variable))
		if err != nil {
			value = []byte(`""`)
		}
		fields = append(append(append(fields, '"'), f.key...), `":`...)
		fields = append(append(fields, value...), ',')
	}
	return fields
}
