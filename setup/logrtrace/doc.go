// Package logrtrace writes the log lines of logr in the format that NAIS reads. klog and the
// loggers of controller-runtime use logr, too. [Logger] makes a logger from a handler of slog:
//
//	handler := setup.LogHandler(os.Stdout, nil)
//	logf.SetLogger(logrtrace.Logger(handler)) // sigs.k8s.io/controller-runtime/pkg/log
//	klog.SetLoggerWithOptions(logrtrace.Logger(handler), klog.ContextualLogger(true))
//
// The functions of logr have no parameter for a context. Therefore, pass the context as a value:
//
//	log := logf.FromContext(ctx, "ctx", ctx)
//	log.Info("hello") // the line has trace_id and span_id
//
// The key can be any text, and the value is not written. To do this once for all functions
// that get the context, put the logger into the context:
//
//	ctx = logf.IntoContext(ctx, logf.FromContext(ctx, "ctx", ctx))
//
// [logr.FromSlogHandler] makes a logger from a handler, too. Such a logger writes the same
// lines, but without the IDs of the span, because it passes no context to its handler.
//
// # Levels
//
// Info and V(0) are written as INFO, V(1) to V(4) as DEBUG, all higher levels as TRACE, and Error
// as ERROR. logr has no level for warnings. klog.Warning is written as INFO. By default, only INFO
// and above are written. This handler also writes DEBUG:
//
//	setup.LogHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug})
//
// See https://docs.nais.io/observability/logging/.
package logrtrace
