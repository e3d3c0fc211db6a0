package setup

import (
	"io"
	"log/slog"
	"os"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/setup/internal/naislog"
)

// LogHandler returns a handler that writes one line per record to w. Each line is a JSON
// object with the fields that NAIS reads:
//
//   - time.
//   - level: TRACE, DEBUG, INFO, WARN or ERROR. A level between two of these levels is
//     written as the lower level. A level below DEBUG is written as TRACE.
//   - message.
//   - trace_id and span_id, if the context of the record has a span.
//   - error.type, if an attribute is an error.
//   - stack_trace, if that error has a stack.
//
// These fields are always at the top level of the object, even if the logger has a group. An
// attribute of the program can have the same name as a field that the line already has.
// Normally such an attribute is written as fields.NAME. The exceptions are attributes with the
// name stack_trace or error.type. An attribute with one of these two names replaces the field
// of the line. If trace_id or span_id was added with WithAttrs, the lines have these values instead
// of the IDs of the span. A ReplaceAttr gets an attribute with the name fields.NAME. It does not get
// the fields trace_id, span_id, error.type and stack_trace of the line. Its results also apply to
// the records that are exported.
//
// If several attributes are errors, error.type and stack_trace describe only the first error of
// the record, or else the first error that was added with WithAttrs. If that error was made with
// fmt.Errorf or errors.Join, error.type is the type of the wrapped error. A record with the
// level ERROR may be logged during a panic, for example by the function that recovers the
// panic. If such a record has no error with a stack, stack_trace is the stack of the panic. Both
// fields are at the end of the line.
//
// If an HTTP handler panics, net/http logs one text. LogHandler splits that text into the
// fields message, error and stack_trace. This works only if the field ErrorLog of http.Server
// is not set, or if it is set to a logger that was made with [slog.NewLogLogger].
//
// All other attributes have the fields and values of [slog.NewJSONHandler], with these
// exceptions:
//
//   - Durations are written as text, such as "1.5s".
//   - Bytes are written as text if they are valid UTF-8.
//   - Errors are written as text, also if they have the method MarshalJSON or are in a slice of
//     errors.
//   - A value or a name is cut if it is longer than 256 KiB. The rest of the line is complete.
//   - Groups without attributes are left out.
//
// If a method of a value panics, the panic is written instead of the value. WithAttrs formats
// values when it is called, so a program may change them later. Personal numbers and credentials
// are masked in every attribute and message, as docs/privacy.md describes. An error whose attribute
// has the name of a credential adds no fields to the line. Records with the mark of [TeamLogs] are
// sent to Team Logs, and are not written to w. All other records are written to w. With
// OTEL_LOGS_EXPORTER=otlp, these other records are also exported while telemetry runs.
//
// opts are the options for [slog.NewJSONHandler]. If opts is nil, the default options of that
// function are used. If opts has no Level, [LogLevel] is the lowest level that is written. The
// handler is safe for concurrent use, and so are the handlers that WithAttrs and WithGroup
// return. All these handlers call w.Write once per record.
//
// See https://docs.nais.io/observability/logging/ and
// https://docs.nais.io/observability/tracing/how-to/correlate-traces-logs/.
func LogHandler(w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	var own slog.HandlerOptions
	if opts != nil {
		own = *opts
	}
	if own.Level == nil {
		own.Level = LogLevel
	}
	return naislog.NewHandler(w, &own, outputs{})
}

// TeamLogs returns the attribute that marks a record for Team Logs, the private log of a
// team. The attribute is marker=TEAM_LOGS, as in the platform's examples for other languages.
// Add it to one record or to a logger:
//
//	teamLog := slog.With(setup.TeamLogs())
//	teamLog.InfoContext(ctx, "application refused", "ident", ident)
//
// [LogHandler] sends a marked record only to team-logs.nais-system:5170, or to the writer of
// [WithTeamLogs]. LogHandler does not write the record to the log, because every team can read
// the log. It also does not export the record over OTLP. Nothing in the record is masked,
// because Team Logs are for data that no other log may contain. Other implementations of
// slog.Handler ignore the mark, and treat the record like an unmarked record.
//
// LogHandler never waits when it logs a marked record, because it only puts the record into a
// queue. The maximum size of the queue is one MiB. If the queue is full, or if a record cannot
// be delivered, the record is dropped. Dropped records are counted, and a log line reports
// their number. In nais.yaml, accessPolicy.outbound must allow connections to the application
// with the name "logging" in the namespace nais-system.
//
// See https://docs.nais.io/observability/logging/how-to/team-logs/.
func TeamLogs() slog.Attr { return naislog.TeamMark() }

// WithTeamLogs sends records with the mark of [TeamLogs] to w instead of the platform's
// endpoint. It calls w.Write once per line. If w is nil, the option has no effect. If the option
// is not used, a program outside NAIS drops these records and logs a warning. Only one goroutine
// at a time calls w.Write. Log calls do not wait while w.Write blocks.
func WithTeamLogs(w io.Writer) Option {
	return func(c *config) {
		if w != nil {
			c.teamLogs = w
		}
	}
}

// outputs returns the destinations that records have in addition to the log itself. The
// destinations belong to the running telemetry. outputs looks up the running telemetry for each
// record, because programs make handlers before telemetry starts.
type outputs struct{}

// Team implements naislog.Outputs. While telemetry does not run, marked records go to a Team
// that is kept for the next call of Start.
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

// Names implements naislog.Outputs.
func (outputs) Names() *privacy.Names {
	if t := running.Load(); t != nil && t.names != nil {
		return t.names
	}
	return privacy.Standard()
}

func newTeam() *naislog.Team { return naislog.NewTeam(naislog.TeamAddress, os.Getenv, logger) }
