// Package logrustrace writes the log entries of logrus in the format that NAIS reads. Use
// either [Formatter] or [Hook].
//
// [Formatter] formats entries in the same way as [setup.LogHandler] formats records. Each
// line has level and message, trace_id and span_id of the span in the entry's context, and
// error.type and stack_trace of the entry's error. The level has exactly the name that the
// Logs tab filters by: WARN, where logrus writes warning. Personal numbers and credentials
// are masked. Entries with the field marker=TEAM_LOGS are sent only to Team Logs. With
// OTEL_LOGS_EXPORTER=otlp, all other entries are also exported over OTLP.
//
//	logrus.SetFormatter(logrustrace.Formatter())
//
// This call sets the formatter for logrus's own functions. A logger that logrus.New
// returned has its own method SetFormatter.
//
// [Hook] adds trace_id, span_id, error.type and stack_trace to entries. Use it with the
// program's own formatter, which then decides about level, message and masking.
//
// # Known limits
//
// An entry has a span only if it has a context: log.WithContext(ctx). Fatal ends the process
// without flushing telemetry, so return an error from run instead.
//
// See https://docs.nais.io/observability/logging/.
package logrustrace
