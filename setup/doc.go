// Package setup connects a Go service to the NAIS platform. One call connects the
// OpenTelemetry SDK to the platform's collector. The settings come from the environment
// variables that NAIS sets, and each setting has a default that suits the platform.
//
// This main is enough for most services:
//
//	func main() {
//		slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
//		if err := setup.Run(context.Background(), run); err != nil {
//			os.Exit(1)
//		}
//	}
//
// [Run] passes run a context that ends on SIGTERM. It flushes the spans when run has
// returned, and logs a panic as one line. In a Naisjob, [WithRootSpan] puts all spans of
// run into one trace. Without it, each outgoing call of run starts its own trace. [Start]
// only starts telemetry. It is for programs that handle signals and panics themselves.
//
// [LogHandler] writes the JSON lines that NAIS reads. A line has the IDs of the trace and the
// span in which it was logged. A line for an error or a panic also has its type and its
// stack.
//
// Package setuptest records, in a test, what the platform would receive.
//
// # Logs
//
// The platform reads standard output. By default, log records are not exported in any other
// way. With OTEL_LOGS_EXPORTER=otlp they are also exported over OTLP, through
// OpenTelemetry's bridge for slog, with exception.type, exception.message and
// exception.stacktrace. The platform then gets every line twice.
//
// Records marked with [TeamLogs] go only to the team's private log, and are not masked. Do
// not use OTEL_LOGS_EXPORTER=otlp together with [TeamLogs].
//
// # Metrics
//
// setup exports these metrics once per minute:
//
//   - the metrics that the program records with the OpenTelemetry API
//   - the metrics of the Go runtime and of the process, with the names of client_golang,
//     which Nais APM reads
//   - the metrics of the program's own Prometheus registry, if [WithGatherer] is used
//   - otel.sdk.exporter.span.exported and otel.sdk.exporter.log.exported, which count spans
//     and log records; error.type has the reason if they were dropped
//   - spor.export.failures, which counts failed exports per signal
//
// With OTEL_METRICS_EXPORTER=prometheus, [MetricsHandler] serves all these metrics, and they
// are not exported over OTLP. Metrics are never both exported and served, because the
// platform would count every series twice.
//
// # Dialect
//
// Many attributes have a stable name and an older name, such as db.system.name and
// db.system. Nais APM reads the older names. Therefore every span gets both, including the
// spans of other libraries. OTEL_SEMCONV_STABILITY_OPT_IN=http,database,rpc,messaging turns
// the older names off.
//
// # Environment
//
// Apart from the options, all settings are read from environment variables. If a variable is
// not set, the platform's default is used. [docs/environment.md] lists every variable with
// its default. The most important variables are:
//
//   - OTEL_EXPORTER_OTLP_ENDPOINT is the collector, which is reached over OTLP/gRPC. In a
//     NAIS pod the default is the collector of the cluster. Elsewhere there is no default:
//     nothing is exported, and one log line states how to see traces.
//   - OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER select how each
//     signal is exported. The defaults are otlp, otlp and none.
//   - OTEL_TRACES_SAMPLER selects which traces are recorded. The default records every trace,
//     except a trace that the caller decided not to record.
//   - OTEL_SDK_DISABLED=true turns telemetry off.
//
// A value that cannot be used never stops the program. The error of [Start] names the
// variable, its value and the cure.
//
// # Never exported
//
// The arguments and the owner of the process are never exported.
//
// Credentials are replaced by REDACTED, such as the user, the password and the parameters for
// credentials of a URL. [docs/privacy.md] lists the names that mark a credential.
//
// Personal numbers are replaced by ***********, in every text of a span, a metric or a log
// line. Records for Team Logs are the only exception. A personal number has eleven digits,
// with no other digit directly before or after them. It is also recognized in the form
// ddmmyy nnnnn, percent-encoded, or escaped as in JSON. The control digits are not checked.
// The number begins with a date in one of these forms:
//
//	fødselsnummer                                    [folkeregisteret]
//	D-number (day + 40), H-number (month + 40)       [UDI], [e-helse]
//	NPID (month + 20), of test persons (month + 60)  [NPID]
//	test person (month + 40, + 65 or + 80)           [NoCommons], [fnrvalidator]
//
// A numeric value that is a personal number is replaced by 99999999999, in attributes and in
// log lines. It can have ten digits, because a number has no leading zero. UUIDs and hex IDs
// are not masked.
//
// Output that does not go through [LogHandler] is not masked. For example, the Go runtime
// prints a panic of a goroutine that run has started.
//
// # Traps
//
// os.Exit and log.Fatal end the program without a flush. Return an error from run instead.
// Before run returns, all spans must have ended, and all servers must have finished their
// requests.
//
// See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// and https://docs.nais.io/observability/reference/auto-config/.
//
// [docs/environment.md]: https://github.com/nais/spor/blob/main/docs/environment.md
// [docs/privacy.md]: https://github.com/nais/spor/blob/main/docs/privacy.md
//
// [folkeregisteret]: https://skatteetaten.github.io/folkeregisteret-api-dokumentasjon/nytt-fodselsnummer-fra-2032/
// [e-helse]: https://www.ehelse.no/standardisering/standarder/identifikatorer-for-personer
// [UDI]: https://www.udi.no/ord-og-begreper/d-nummer/d-nummer-stemmer-ikke-med-fodselsdato/
// [NPID]: https://github.com/navikt/pensjon-etterlatte-saksbehandling/blob/main/libs/saksbehandling-common/src/main/kotlin/person/NavPersonIdent.kt
// [NoCommons]: https://github.com/bekkopen/NoCommons/releases
// [fnrvalidator]: https://github.com/navikt/fnrvalidator
package setup
