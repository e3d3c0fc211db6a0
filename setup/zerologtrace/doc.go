// Package zerologtrace writes the events of zerolog in the format that NAIS reads. Use [Logger]
// instead of zerolog.New:
//
//	log.Logger = zerologtrace.Logger(os.Stdout) // github.com/rs/zerolog/log
//
// To write the IDs of a span, add the context of the request to an event or to a logger:
//
//	log.Info().Ctx(ctx).Msg("hello")
//	logger := log.With().Ctx(ctx).Logger()
//
// The most important fields of a line are:
//
//   - time, which is the result of [zerolog.TimestampFunc] when the line is written. The logger
//     needs no Timestamp.
//   - level. It has the name by which the Logs tab of Nais APM filters. The levels fatal and
//     panic are written as ERROR, and an event without a level as INFO.
//   - message.
//   - trace_id and span_id, if the context of the event has a span.
//
// Personal numbers and credentials are masked. Events with the field marker=TEAM_LOGS are
// sent only to Team Logs. With OTEL_LOGS_EXPORTER=otlp, all other events are also exported
// over OTLP.
//
// # Known limits
//
// zerolog converts an error to text before other code can read it. Therefore, a line has no
// error.type and no stack_trace of an error, unless the program adds these fields itself:
//
//	log.Err(err).Str("error.type", fmt.Sprintf("%T", err)).Msg("no quote")
//
// The build tag binary_log is not supported. With this tag, zerolog writes CBOR instead of JSON.
// Fatal ends the process without flushing telemetry, so return an error from run instead.
//
// See https://docs.nais.io/observability/logging/.
package zerologtrace
