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
// returned, and logs a panic as one line. In a Naisjob [WithRootSpan] makes one
// trace of all that run does; without it each call there begins one of its own.
// [Start] is for programs that do this themselves.
//
// Second, [LogHandler] writes the JSON lines that NAIS reads, with the trace's
// identity in each, and with type and stack of errors and panics.
//
// Third, package setuptest shows a test what the platform would get.
//
// # Logs
//
// The platform reads standard output, and records go nowhere else by default.
// OTEL_LOGS_EXPORTER=otlp exports them too, through OpenTelemetry's bridge for slog,
// with exception.type, exception.message and exception.stacktrace: every line is
// there twice then. Records marked with [TeamLogs] go to the team's private log
// alone, unmasked; do not combine the two.
//
// # Metrics
//
// Pushed once a minute: what the program records with the OpenTelemetry API, the
// metrics of the Go runtime and of the process under client_golang's names, which
// Nais APM reads, those of the program's own registry by [WithGatherer], and
// three of telemetry itself: otel.sdk.exporter.span.exported and
// otel.sdk.exporter.log.exported, with error.type for what was dropped, and
// spor.export.failures, by signal. With
// OTEL_METRICS_EXPORTER=prometheus [MetricsHandler] serves all of them instead,
// and nothing is pushed: never both, since every series would be counted twice.
//
// # Dialect
//
// Every span, also of other libraries, has the older names of its attributes
// beside the stable ones, as Nais APM reads them: db.system beside db.system.name.
// OTEL_SEMCONV_STABILITY_OPT_IN=http,database,rpc,messaging leaves them out.
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
//	OTEL_BSP_MAX_QUEUE_SIZE (by memory: an eighth of it, 4 to 32 MiB),
//	OTEL_BSP_MAX_EXPORT_BATCH_SIZE (by size: a quarter of a MiB is sent at once),
//	OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT (8192), the other OTEL_ATTRIBUTE_*, OTEL_SPAN_*,
//	OTEL_EVENT_* and OTEL_LINK_* limits (as specified),
//	OTEL_METRICS_EXPORTER (otlp, prometheus, console, none), OTEL_METRIC_EXPORT_INTERVAL
//	(60000 ms), OTEL_METRIC_EXPORT_TIMEOUT (30000 ms), OTEL_METRICS_EXEMPLAR_FILTER (trace_based),
//	OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE (cumulative),
//	OTEL_EXPORTER_PROMETHEUS_HOST, _PORT (a listener for the scraper; none),
//	OTEL_LOGS_EXPORTER (none, otlp), OTEL_BLRP_SCHEDULE_DELAY (1000 ms),
//	OTEL_BLRP_EXPORT_TIMEOUT (30000 ms), OTEL_BLRP_MAX_QUEUE_SIZE (2048),
//	OTEL_BLRP_MAX_EXPORT_BATCH_SIZE (512),
//	OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT (30000 ms), _COMPRESSION (none),
//	_CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY, _INSECURE, _PROTOCOL (grpc alone),
//	each also for one signal alone, as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
//
// # Never exported
//
// Process arguments and owner. Credentials in the parameters and the user of a
// URL, which become REDACTED. Personal numbers in any text of a span, a metric or
// a log line, but not of Team Logs, which become ***********: eleven digits alone, also as ddmmyy nnnnn,
// percent-encoded or escaped as in JSON, whatever the control digits, that begin
// with a date as of a
//
//	fødselsnummer                                    [folkeregisteret]
//	D-number (day + 40), H-number (month + 40)       [UDI], [e-helse]
//	NPID (month + 20), of test persons (month + 60)  [NPID]
//	test person (month + 40, + 65 or + 80)           [NoCommons], [fnrvalidator]
//
// They survive in UUIDs and hex IDs. Numbers that are no text are left alone, but
// in log lines. So is what the Go runtime prints when a goroutine other than run's
// panics, and what does not go through [LogHandler].
//
// # Traps
//
// os.Exit and log.Fatal in the program skip the flush: return an error from run.
// Spans must end, and servers must have drained, before run returns.
//
// See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// and https://docs.nais.io/observability/reference/auto-config/.
//
// [folkeregisteret]: https://skatteetaten.github.io/folkeregisteret-api-dokumentasjon/nytt-fodselsnummer-fra-2032/
// [e-helse]: https://www.ehelse.no/standardisering/standarder/identifikatorer-for-personer
// [UDI]: https://www.udi.no/ord-og-begreper/d-nummer/d-nummer-stemmer-ikke-med-fodselsdato/
// [NPID]: https://github.com/navikt/pensjon-etterlatte-saksbehandling/blob/main/libs/saksbehandling-common/src/main/kotlin/person/NavPersonIdent.kt
// [NoCommons]: https://github.com/bekkopen/NoCommons/releases
// [fnrvalidator]: https://github.com/navikt/fnrvalidator
package setup
