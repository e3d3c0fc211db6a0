package apm

// These texts say what to change. Several panels use the same text.
const (
	cureSetup     = "start telemetry with setup.Run or setup.Start"
	cureTraffic   = "make requests while the program runs, for example with spor check --request http://localhost:8080/orders -- COMMAND"
	cureSampled   = "sample and export the spans: unset OTEL_TRACES_SAMPLER and OTEL_TRACES_EXPORTER, or set the sampler to parentbased_always_on"
	cureHTTP      = "wrap the mux: httptrace.Handler(mux), or the adapter of your router; if middleware between Handler and the mux copies the request (WithContext, Clone), put it outside of Handler, or call httptrace.SetRoute"
	cureTransport = "wrap the client: &http.Client{Transport: httptrace.Transport(nil)}"
	cureRPC       = "use grpctrace.NewServer and grpctrace.NewClient"
	cureAddress   = "set server.address on client spans to the host that they call: " + cureTransport + "; " + cureRPC
	cureSQL       = "open the database with sqltrace.Open, or pgxtrace.NewPool for pgx"
	cureClient    = "let the client of this database, or a span processor, set what is missing on its spans"
	cureValkey    = "set db.system to redis on these spans, or db.system.name to valkey, which setup translates"
	cureKafka     = "wrap the client with kgotrace, saramatrace or kafkagotrace"
	cureMessages  = "send in a span of kind PRODUCER named TOPIC publish, and process in a span of kind CONSUMER named TOPIC process"
	cureBatch     = "process the messages one by one (Process instead of ProcessBatch), because the span of a batch starts a trace of its own"
	cureDialect   = "export with setup, which adds the older names that APM reads and completes the spans of other libraries (and unset OTEL_SEMCONV_STABILITY_OPT_IN)"
	cureRuntime   = "export the metrics of the Go runtime under client_golang's names; setup does so, except with WithoutMetrics or OTEL_METRICS_EXPORTER=none"
	cureLog       = "log with slog.New(setup.LogHandler(os.Stdout, nil))"
	cureLogCtx    = "log with the request's context, through setup.LogHandler: slog.InfoContext(ctx, ...)"
	cureErrors    = "log the error or the panic once through setup.LogHandler, at level ERROR, with slog.Any(\"error\", err); setup.Run logs a panic of the program in this way"
	cureNode      = "set peer.service on these spans to a name that no application can have, such as NAME@SYSTEM (setup does so if the address is 127.0.0.1)"
	cureNames     = "name the span after the route template, and put IDs in attributes"
)

// panels are the panels that Nais APM shows for a service. Three kinds of panels are not in the
// list:
//   - panels for which no Go service has data (internal operations)
//   - panels whose data comes from the platform (containers)
//   - panels that show the service's own metrics (custom metrics)
var panels = []panel{
	{
		name: "Service inventory", reads: "service_name, service_namespace, telemetry_sdk_language of span metrics",
		used: func(s *service) bool { return len(s.spans) == 0 || s.any(isCounted) },
		needs: []need{
			{sendsTelemetry, cureSetup},
			{hasSpans, cureTraffic},
			{platformName, "take service.name from OTEL_SERVICE_NAME, as setup does, and set no other name"},
			{resourceHas("service.namespace"), "keep the platform's OTEL_RESOURCE_ATTRIBUTES in the resource, as setup does"},
			{resourceHas("telemetry.sdk.language"), "build the resource with the SDK's own attributes (resource.WithTelemetrySDK), as setup does"},
		},
	},
	{
		name: "Overview", reads: "calls and latency of SERVER spans by status_code",
		used: uses(isCounted),
		needs: []need{
			{entrySpans, cureHTTP},
			{trueErrors, "a 5xx is an error and a 4xx is not: let httptrace and grpctrace set the status of server spans"},
		},
	},
	{
		name: "Attention", reads: "error rate and latency by span_name, span_kind",
		used:  uses(isCounted),
		needs: []need{{stableNames, cureNames}},
	},
	{
		name: "Operations: HTTP", reads: "SERVER spans by span_name, as METHOD /route; those of gRPC too",
		used:  uses(isServer),
		needs: []need{{routeNames, cureHTTP}},
	},
	{
		name: "Operations: outbound", reads: "CLIENT spans without db_system by span_name, as METHOD",
		used:  uses(isHTTPClient),
		needs: []need{{clientNames, cureTransport}},
	},
	{
		name: "Operations: gRPC", reads: "rpc_system, rpc_service, rpc_method",
		used: uses(isKnownRPC),
		needs: []need{
			{every("gRPC spans", isKnownRPC, "rpc.system"), cureRPC},
			{every("gRPC spans", isKnownRPC, "rpc.service"), cureRPC},
			{shortMethods, cureRPC},
		},
	},
	{
		name: "Operations: database", reads: "db_system by span_name",
		used: uses(isDatabase),
		needs: []need{
			{every("database spans", isDatabase, "db.system"), cureDialect},
			{clientKind, cureSQL},
			{queryNames, cureSQL},
		},
	},
	{
		name: "Operations: messaging", reads: "PRODUCER and CONSUMER spans by span_name, as TOPIC publish and TOPIC process",
		used: uses(func(s *span) bool { return isMessaging(s) || s.is(producer, consumer) }),
		needs: []need{
			{messagingKinds, cureKafka},
			{messagingNames, cureKafka},
		},
	},
	{
		name: "Dependencies and service map", reads: "traces_service_graph_request_total; server_address of client spans",
		used: uses(isCounted),
		needs: []need{
			{databaseEdges, cureDialect},
			{callAddresses, cureAddress},
			{callEdges, ""},
			{messagingEdges, "the consumer's span must be the child of the producer's: " + cureKafka},
			{propagated, "propagate W3C trace context on both sides: " + cureRPC + "; a server with otelconnect needs otelconnect.WithTrustRemote()"},
		},
	},
	{
		name: "Dependency detail", reads: "db_name, db_operation, messaging_destination_name by span_name, of one server_address or peer_service",
		used: uses(func(s *span) bool { return s.is(client) || isMessaging(s) }),
		needs: []need{
			{callAddresses, cureAddress},
			{databaseAddress(isDatabase, "server.address", "peer.service"), cureSQL},
			{ifUsed(isNamedDatabase, every("database spans", isNamedDatabase, "db.name")), cureDialect},
			{ifUsed(isQuery, some("statements", isStatement, "db.operation")), cureSQL},
			{ifUsed(isMessaging, every("messaging spans", isMessaging, "messaging.destination.name")), cureKafka},
		},
	},
	{
		name: "Database: rate and errors", reads: "CLIENT spans with db_system by server_address, beside SERVER spans",
		used: uses(isDatabase),
		needs: []need{
			{every("CLIENT spans of a database", isDatabaseClient, "db.system"), cureDialect},
			{databaseAddress(isPooled, "server.address"), cureSQL},
		},
	},
	{
		name: "Database: traces", reads: "{ kind = client && span.db.system != \"\" }",
		used:  uses(isDatabase),
		needs: []need{{every("CLIENT spans of a database", isDatabaseClient, "db.system"), cureDialect}},
	},
	{
		name: "Database: top queries", reads: "span.db.statement, span.db.sql.table",
		used: uses(isStatement),
		needs: []need{
			{some("database spans", isStatement, "db.statement"), cureDialect},
			{ifUsed(namesTable, some("statements with a table", namesTable, "db.sql.table")), cureSQL},
		},
	},
	{
		name: "Database: N+1", reads: "span.db.statement by trace, under the span of the request",
		used: func(s *service) bool { return s.any(isStatement) && s.any(isEntry) },
		needs: []need{
			{some("database spans", isStatement, "db.statement"), cureDialect},
			{queriesInRequests, "pass the request's context to the database: db.QueryContext(ctx, ...)"},
		},
	},
	{
		name: "Database: pool health", reads: "db_client_connections_usage{pool_name,state}, _max, _pending_requests",
		used: uses(isPooled),
		needs: []need{
			{anyPool, cureSQL},
			{poolUsage, "keep the pool open until the next export of metrics, as a service does (spor check --for 5s -- COMMAND)"},
			{optional("db_client_connections_max", "without SetMaxOpenConns, a pool has no limit"), ""},
		},
	},
	{
		name: "Database: acquisition P95", reads: "db_client_connections_wait_time_milliseconds_bucket, _create_time_…",
		used: uses(isPooled),
		needs: []need{
			{metric(createSeries, "pool_name"), cureSQL},
			{optional("db_client_connections_wait_time_milliseconds_bucket", "no caller had to wait"), ""},
		},
	},
	{
		name: "Runtime: Go card", reads: "go_goroutines, go_memstats_*, go_gc_duration_seconds, process_*, go_info",
		used: always,
		needs: []need{
			{metrics(goCard...), cureRuntime},
			{metric("go_info", "version"), cureRuntime},
			{resourceHas("service.instance.id"), "set service.instance.id on the resource; setup takes it from NAIS_POD_NAME"},
		},
	},
	{
		name: "Runtime: Kafka card", reads: "kafka_consumer_records_lag_max, _consumed_total, kafka_producer_records_sent_total",
		used: uses(isKafka),
		needs: []need{
			{ifUsed(isProducer, metric("kafka_producer_records_sent_total", "topic")), cureKafka},
			{ifUsed(isConsumer, metric("kafka_consumer_records_consumed_total", "topic")), cureKafka},
			{ifUsed(isConsumer, metric("kafka_consumer_records_lag_max", "topic", "partition")), cureKafka},
		},
	},
	{
		name: "Traces", reads: "span.http.route of SERVER spans",
		used:  uses(func(s *span) bool { return isRoutedServer(s) || isHTTPServer(s) && !unmatched(s) }),
		needs: []need{{some("server spans with a route in their names", isRoutedServer, "http.route"), cureHTTP}},
	},
	{
		name: "Trace breakdowns", reads: "span.http.status_code, db.operation, messaging.system, rpc.method",
		used: func(s *service) bool {
			return s.any(isHTTPServer) || s.any(isDatabase) || s.any(isMessaging) || s.any(isRPC)
		},
		needs: []need{
			{ifUsed(isHTTPServer, statusCodes), cureDialect},
			{ifUsed(isDatabase, some("database spans", isDatabase, "db.system")), cureDialect},
			{ifUsed(isQuery, some("statements", isStatement, "db.operation")), cureDialect},
			{ifUsed(isMessaging, every("messaging spans", isMessaging, "messaging.system")), cureKafka},
			{ifUsed(isRPC, every("gRPC spans", isRPC, "rpc.method")), cureRPC},
		},
	},
	{
		name: "Logs", reads: "JSON lines with level in an exact variant, and message or msg",
		used: func(s *service) bool { return anyLines(s).met },
		needs: []need{
			{jsonLines, cureLog},
			{exactLevels, cureLog},
			{messages, cureLog},
		},
	},
	{
		name: "Logs of a trace", reads: "trace_id and span_id at the top level of a line",
		used:  func(s *service) bool { return len(s.spans) > 0 && anyLines(s).met },
		needs: []need{{joinedLogs, cureLogCtx}},
	},
	{
		name: "Issues", reads: "lines at level error by message, with stack_trace; exception_type over OTLP",
		used: hasTrouble,
		needs: []need{
			{errorLines, cureErrors},
			{stableMessages, "log a literal message, and put the parts that vary in attributes"},
			{panicStacks, cureErrors},
			{exportedExceptions, cureErrors},
		},
	},
	{
		name: "Observability checks", reads: "span metrics, a trace, log lines, runtime metrics",
		used: always,
		needs: []need{
			{sendsTelemetry, cureSetup},
			{hasSpans, cureTraffic},
			{anyLines, "log at least one line, for example when the program starts"},
			{runtimeMetrics, cureRuntime},
		},
	},
	{
		name: "Noise", reads: "spans of health, metrics and internal paths, and the spans below them; the platform drops these paths",
		used: uses(isServer), needs: []need{{noHealthChecks, "use httptrace and grpctrace: they start no spans for these paths, nor for calls below them"}},
	},
	{
		name: "Team Logs", reads: "records marked TEAM_LOGS, which must be delivered to Team Logs alone, and be neither in the log nor in OTLP",
		used:  hasTeamLogs,
		needs: []need{{teamLogsAlone, "log marked records only through setup.LogHandler, and leave OTEL_LOGS_EXPORTER=none"}},
	},
}

var goCard = []string{
	"go_goroutines", "go_threads", "go_memstats_alloc_bytes", "go_memstats_sys_bytes",
	"go_gc_duration_seconds_count", "go_gc_duration_seconds_sum",
	"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
}

// ifUsed returns a need. If a span matches sel, the need is the same as met. If no span matches
// sel, the need is always met.
func ifUsed(sel selector, met func(*service) answer) func(*service) answer {
	return func(s *service) answer {
		if !s.any(sel) {
			return answer{met: true}
		}
		return met(s)
	}
}
