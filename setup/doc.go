// Package setup connects a Go service to the NAIS platform: one call wires the
// OpenTelemetry SDK to the platform's collector, in the platform's environment,
// with the platform's defaults.
//
// First, a main that needs nothing else:
//
//	func main() {
//		slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
//		if err := setup.Run(context.Background(), run); err != nil {
//			os.Exit(1)
//		}
//	}
//
// [Run] gives run a context that ends on SIGTERM, flushes the spans when run has
// returned, and logs a panic as one line. [Start] is for programs that do this
// themselves.
//
// Second, [LogHandler] writes the JSON lines that NAIS reads, with the trace's
// identity in each.
//
// # Environment
//
// Everything is read from the variables that NAIS sets; what is unset has the
// platform's default. Spans go over OTLP/gRPC to OTEL_EXPORTER_OTLP_ENDPOINT (in
// a NAIS pod: to the cluster's collector). Without an endpoint outside of NAIS
// nothing is exported, and one log line says how to see traces. Wrong values are
// reported by name, with the cure, and never stop the program:
//
//	OTEL_SDK_DISABLED, OTEL_PROPAGATORS (tracecontext,baggage), OTEL_SERVICE_NAME,
//	OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_EXPORTER (otlp, console, none),
//	OTEL_TRACES_SAMPLER (parentbased_always_on), OTEL_TRACES_SAMPLER_ARG,
//	OTEL_BSP_SCHEDULE_DELAY (5000 ms), OTEL_BSP_EXPORT_TIMEOUT (30000 ms),
//	OTEL_BSP_MAX_QUEUE_SIZE (2048 to 16384, by memory), OTEL_BSP_MAX_EXPORT_BATCH_SIZE (512),
//	OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT (8192), the other OTEL_ATTRIBUTE_*, OTEL_SPAN_*,
//	OTEL_EVENT_* and OTEL_LINK_* limits (as specified),
//	OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT (30000 ms), _COMPRESSION (none),
//	_CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY, _INSECURE, _PROTOCOL (grpc alone),
//	each also for traces alone, as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
//
// # Never exported
//
// Process arguments and owner. Norwegian personal numbers, in any text of a span
// or a log line, are masked.
//
// # Traps
//
// os.Exit and log.Fatal in the program skip the flush: return an error from run.
// Spans must end, and servers must have drained, before run returns.
//
// See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// and https://docs.nais.io/observability/reference/auto-config/.
package setup
