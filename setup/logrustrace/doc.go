// Package logrustrace writes the log entries of logrus in the format that NAIS reads. Use
// either [Formatter] or [Hook].
//
// [Formatter] writes entries in the same format in which [setup.LogHandler] writes records.
// The most important fields are:
//
//   - level. It has the name by which the Logs tab of Nais APM filters. For example, it
//     is WARN, but logrus itself would write warning.
//   - message.
//   - trace_id and span_id, if the context of the entry has a span.
//   - error.type and stack_trace, if the entry has an error.
//
// Personal numbers and credentials are masked. Entries with the field marker=TEAM_LOGS are
// sent only to Team Logs. With OTEL_LOGS_EXPORTER=otlp, all other entries are also exported
// over OTLP.
//
//	logrus.SetFormatter(logrustrace.Formatter())
//
// This call sets the formatter for the functions of package logrus, such as logrus.Info. To
// set the formatter of a logger from logrus.New, call the method SetFormatter of that
// logger.
//
// [Hook] adds trace_id, span_id, error.type and stack_trace to entries. Use it with the
// program's own formatter. That formatter then writes the level and the message in its own
// format. The hook does not mask anything.
//
// # Known limits
//
// The line of an entry has the IDs of a span only if the entry has a context. Use
// log.WithContext(ctx) to set the context. Fatal ends the process without flushing
// telemetry, so return an error from run instead.
//
// See https://docs.nais.io/observability/logging/.
package logrustrace
