// Package zaptrace writes the entries of zap in the format that NAIS reads. Use [Core] as the
// core of a logger:
//
//	logger := zap.New(zaptrace.Core(os.Stdout, nil))
//
// To keep the other settings of a logger, replace only its core:
//
//	logger, err := zap.NewProduction(zap.WrapCore(func(zapcore.Core) zapcore.Core {
//		return zaptrace.Core(os.Stdout, nil)
//	}))
//
// A function of zap has no parameter for a context. Therefore, pass the context of the request
// as a field:
//
//	logger.Info("hello", zap.Any("ctx", ctx))
//
// OpenTelemetry's bridge otelzap has the same convention. The field can have any name, and is
// not written. It can also be a field of [zap.Logger.With].
//
// The most important fields of a line are:
//
//   - level. It has the name by which the Logs tab of Nais APM filters. The levels DPanic,
//     Panic and Fatal are written as ERROR.
//   - message.
//   - logger, if the logger has a name, and source, if the logger adds the caller.
//   - trace_id and span_id, if the context has a span.
//   - error.type, if a field is an error.
//   - stack_trace: the stack of that error. If the error has no stack, it is the stack that
//     the logger adds.
//
// Personal numbers and credentials are masked. Entries with the field marker=TEAM_LOGS are
// sent only to Team Logs. With OTEL_LOGS_EXPORTER=otlp, all other entries are also exported
// over OTLP.
//
// # Known limits
//
// Fatal ends the process without flushing telemetry, so return an error from run instead.
//
// See https://docs.nais.io/observability/logging/.
package zaptrace
