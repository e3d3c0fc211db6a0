package setup

import (
	"io"
	"log/slog"
	"os"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/setup/internal/naislog"
)

// LogHandler returns a handler that writes one line per record to w. Each line is a JSON
// object with the fields that NAIS reads:
//
//   - time.
//   - level: TRACE, DEBUG, INFO, WARN or ERROR. A level between two of them is written as
//     the lower one, and a level below DEBUG as TRACE.
//   - message.
//   - trace_id and span_id, if the context of the record has a span.
//   - error.type, if an attribute is an error.
//   - stack_trace, if that error has a stack.
//
// These fields are always at the top level of the object, also after WithGroup. If an
// attribute of the program has the name of a field that the line already has, the attribute
// is written as fields.NAME. The exceptions are stack_trace and error.type: an attribute with
// one of these names replaces the field.
//
// The first attribute that is an error is the error of the record. If it was wrapped with
// fmt.Errorf or errors.Join, error.type is the type of the wrapped error. A record with the
// level ERROR that is logged during a panic, for example by the function that recovers it,
// gets the stack of the panic.
//
// net/http logs one text for a handler that panicked. LogHandler splits that text into
// message, error and stack_trace. For this, do not set the ErrorLog of http.Server, or make
// it with [slog.NewLogLogger].
//
// Durations are written as text, such as "1.5s". Bytes are written as text if they are valid
// UTF-8. Personal numbers and credentials are masked in every attribute and message. Records
// with the mark of [TeamLogs] go to Team Logs, and not to w. With OTEL_LOGS_EXPORTER=otlp,
// all other records are also exported while telemetry runs.
//
// opts are the options of [slog.NewJSONHandler]; nil means its defaults. The handler and the
// handlers derived from it are safe for concurrent use. They call w.Write once per record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return naislog.NewHandler(w, opts, outputs{})
}

// TeamLogs returns the attribute that marks a record for Team Logs, the private log of a
// team. The attribute is marker=TEAM_LOGS, as in the platform's examples for other languages.
// Add it to one record or to a logger:
//
//	teamLog := slog.With(setup.TeamLogs())
//	teamLog.InfoContext(ctx, "application refused", "ident", ident)
//
// [LogHandler] sends a marked record only to team-logs.nais-system:5170, or to the writer of
// [WithTeamLogs]. It does not write the record to the log, which every team can read, and
// does not export it over OTLP. Nothing in the record is masked, because Team Logs are for
// data that no other log may contain. Other handlers ignore the mark and write the record
// like any other record.
//
// Logging never waits. The queue of records has one MiB. Records that do not fit into the
// queue, or that cannot be delivered, are dropped. They are counted, and a log line reports
// the number. accessPolicy.outbound in nais.yaml must allow the application logging in the
// namespace nais-system.
//
// See https://docs.nais.io/observability/logging/how-to/team-logs/.
func TeamLogs() slog.Attr { return naislog.TeamMark() }

// WithTeamLogs sends records with the mark of [TeamLogs] to w instead of the platform's
// endpoint, with one call of Write per line. If w is nil, the option has no effect. Without
// the option, a program that does not run on NAIS drops these records and logs that once.
// Only one goroutine at a time calls w.Write, and w.Write may block.
func WithTeamLogs(w io.Writer) Option {
	return func(c *config) {
		if w != nil {
			c.teamLogs = w
		}
	}
}

// outputs are the destinations of records in addition to the log itself. They belong to the
// running telemetry, which is looked up for each record, because programs make handlers
// before telemetry starts.
type outputs struct{}

// Team implements naislog.Outputs. While telemetry does not run, marked records go to a Team
// that the next Start keeps using.
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
