package setup

import (
	"io"
	"log/slog"
	"os"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/naislog"
)

// LogHandler returns a handler that writes one JSON object a line to w, in the
// shape that NAIS reads: time, level (TRACE, DEBUG, INFO, WARN or ERROR and
// nothing between), message, for a record whose context has a span trace_id and
// span_id, and for one with an error error.type, and stack_trace if the error
// carries a stack. These stand at the top level under any WithGroup; an attribute
// of the program that would take the name of one of them is written as
// fields.NAME, but for stack_trace and error.type, which the program may give
// itself.
//
// The error is the first attribute that is one; its type is that of what was
// wrapped with fmt.Errorf or errors.Join. A record at ERROR that is logged while
// a panic unwinds, as by the function that recovers it, has the stack of the
// panic. The lines that net/http logs of a panicking handler are taken apart into
// message, error and stack_trace; give http.Server no ErrorLog, or one made by
// [slog.NewLogLogger].
//
// Durations are text ("1.5s"), and bytes that are valid UTF-8 are. Personal numbers
// and credentials are masked, in whatever attribute or message they stand. Records with the mark of [TeamLogs]
// go to Team Logs instead of w. With OTEL_LOGS_EXPORTER=otlp the other records
// are exported too, while telemetry runs.
//
// opts are those of [slog.NewJSONHandler]; nil means its defaults. The handler is
// safe for concurrent use, as are its copies, and calls w.Write once a record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return naislog.NewHandler(w, opts, outputs{})
}

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
func TeamLogs() slog.Attr { return naislog.TeamMark() }

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

// outputs are where the records of every handler go, besides the log itself. They are
// those of the telemetry that is running: handlers are made before it starts.
type outputs struct{}

// Team implements naislog.Outputs. While nothing runs, marked records go to a Team
// that the next Start takes over.
func (outputs) Team() *naislog.Team {
	for {
		if t := running.Load(); t != nil {
			return t.team
		}
		running.CompareAndSwap(nil, &telemetry{team: newTeam(), idle: true})
	}
}

// Provider implements naislog.Outputs.
func (outputs) Provider() *sdklog.LoggerProvider {
	if t := running.Load(); t != nil {
		return t.logs
	}
	return nil
}

func newTeam() *naislog.Team { return naislog.NewTeam(naislog.TeamAddress, os.Getenv, logger) }
