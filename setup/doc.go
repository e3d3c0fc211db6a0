// Package setup connects a Go service to the NAIS platform. One function call sets up the
// OpenTelemetry SDK to export to the platform's collector. The settings come from the
// environment variables that NAIS sets. Each setting has a default that suits the platform.
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
// [Run] calls the function run with a context that ends on SIGTERM or SIGINT. When run has
// returned, Run exports the waiting telemetry. SIGHUP and SIGQUIT end the process without this.
// If run panics, Run logs the panic as one line. In a Naisjob, use [WithRootSpan] to put all
// spans of run into one trace. Without this option, the outgoing calls in run do not share a
// trace: each outgoing call starts its own trace.
//
// [Start] only starts telemetry. Use it in a program that handles signals and panics itself.
//
// [LogHandler] writes the JSON lines that NAIS reads. If the context of a log call has a span,
// the line has the trace ID and the span ID. A line that reports an error also has error.type.
// A line that reports a panic also has stack_trace.
//
// Package setuptest is for tests. It records the telemetry that the platform would receive.
//
// # Logs
//
// The platform collects the logs from standard output. By default, log records are sent nowhere
// else. With OTEL_LOGS_EXPORTER=otlp, log records are also exported over OTLP, through
// OpenTelemetry's bridge for slog. If an exported record has an error, the record has
// exception.type and exception.message. If the error has a stack, the record also has
// exception.stacktrace. With OTEL_LOGS_EXPORTER=otlp, the platform gets every log record twice.
//
// Records with the mark of [TeamLogs] go only to the team's private log. They are not masked.
// Do not use OTEL_LOGS_EXPORTER=otlp together with [TeamLogs].
//
// # Metrics
//
// Package setup exports these metrics once per minute:
//
//   - the metrics that the program records with the OpenTelemetry API
//   - the metrics of the Go runtime and of the process; they have the same names as in
//     the library client_golang, because Nais APM reads these names
//   - the metrics of the program's own Prometheus registry, if [WithGatherer] is used
//   - otel.sdk.exporter.span.exported, otel.sdk.exporter.log.exported and
//     otel.sdk.exporter.metric_data_point.exported, which count spans, log records and
//     metric data points; if one of them was dropped, error.type has the reason; records that
//     were delivered to Team Logs have otel.component.type=team_logs
//   - spor.export.failures, which counts failed exports per signal
//
// With OTEL_METRICS_EXPORTER=prometheus, [MetricsHandler] serves all these metrics for
// Prometheus. In this case they are not exported over OTLP, because the platform would
// otherwise count every series twice.
//
// # Dialect
//
// Many attributes have a stable name and an older name, such as db.system.name and db.system.
// Nais APM reads the older names. Therefore every span gets both names of such an attribute.
// This also applies to the spans that other libraries create.
// OTEL_SEMCONV_STABILITY_OPT_IN=http,database,rpc,messaging turns the older names off.
//
// # Environment
//
// Apart from the options, all settings are read from environment variables. If a variable is
// not set, package setup uses the default for the platform. [docs/environment.md] lists every
// variable with its default. The most important variables are:
//
//   - OTEL_EXPORTER_OTLP_ENDPOINT is the address of the collector. Telemetry is sent to the
//     collector over OTLP/gRPC. In a NAIS pod the default is the collector of the cluster.
//     Outside NAIS there is no default: nothing is exported, and one log line states how to
//     see traces.
//   - OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER select how each
//     signal is exported. The defaults are otlp, otlp and none.
//   - OTEL_TRACES_SAMPLER selects which traces are recorded. By default, every trace is
//     recorded, except a trace that the calling service decided not to record.
//   - OTEL_SDK_DISABLED=true turns telemetry off.
//   - LOG_LEVEL is the lowest level that is logged. The default is info. See [LogLevel].
//
// If a value cannot be used, the program still starts. The error of [Start] names the variable
// and its value, and states how to fix the value. Values of headers are left out.
//
// # Never exported
//
// Package setup never adds the command-line arguments or the owner of the process to telemetry.
//
// Credentials are replaced by REDACTED. For example, a URL can contain a user, a password, and
// parameters with credentials. [docs/privacy.md] lists the names that mark a credential.
// [WithCredentialNames] adds names.
//
// Personal numbers are replaced by ***********, in every text of a span, a metric or a log line.
// Records for Team Logs are the only exception. A personal number has eleven digits, with no
// other digit directly before or after them. It is also recognized in the form ddmmyy nnnnn, in
// percent-encoded text, and in text that is escaped for JSON. The control digits are not
// checked. The number begins with a date in one of these forms:
//
//	fødselsnummer                                         [folkeregisteret]
//	D-number (day + 40), H-number (month + 40)            [UDI], [e-helse]
//	NPID (month + 20), NPID of test person (month + 60)   [NPID]
//	test person (month + 40, + 65 or + 80)                [NoCommons], [fnrvalidator]
//
// In attributes and in log lines, a personal number can also be a numeric value. Such a value is
// replaced by a number that consists of nines, such as 99999999999. A personal number that begins
// with zero has only ten digits as a numeric value. This value is replaced, too, unless a constant
// was added to its month, because such a value can also be a Unix time. Numeric values with a name
// that ends in .offset or .size are not masked. UUIDs and hexadecimal IDs of 16 to 128 characters
// are not masked.
//
// Output that does not go through [LogHandler] is not masked. For example, if run starts a
// goroutine and that goroutine panics, the Go runtime prints the panic without masking.
//
// # Traps
//
// os.Exit and log.Fatal end the program before the waiting telemetry is exported. Return an
// error from run instead. Before run returns, all spans must have ended, and all servers must
// have finished their requests.
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
