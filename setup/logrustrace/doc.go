// Package logrustrace writes what a program logs with logrus in the shape that
// NAIS reads.
//
// First, [Formatter] makes of every entry what [setup.LogHandler] makes of a
// record: level under the exact names that the Logs tab filters by (logrus says
// warning), message, trace_id and span_id of the entry's context, error.type and
// stack_trace of its error. Personal numbers and credentials are masked; entries
// with the field marker=TEAM_LOGS go to Team Logs alone; with
// OTEL_LOGS_EXPORTER=otlp the others are exported too.
//
//	logrus.SetFormatter(logrustrace.Formatter())
//
// That is for logrus's own functions; a logger that logrus.New made has a
// SetFormatter too.
//
// Second, [Hook] gives entries the same fields for a formatter of the program's
// own, which then decides about level, message and masking.
//
// # Traps
//
// An entry has a span only if it has its context: log.WithContext(ctx). Fatal ends
// the process without flushing telemetry: return an error from run instead.
//
// See https://docs.nais.io/observability/logging/.
package logrustrace
